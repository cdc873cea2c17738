"""Uploads a file with tuspy: python3 tuspy.py SERVER UPLOAD_URL TOKEN FILE STORE

The address of the upload is kept in STORE, so that the next call goes on with it. Prints the offset it began at.
"""

import sys

from tusclient import client
from tusclient.storage import filestorage

server, upload_url, token, path, store = sys.argv[1:]
uploads = client.TusClient(server + upload_url, headers={"Authorization": "Bearer " + token})
uploader = uploads.uploader(
    path,
    chunk_size=256 * 1024,
    metadata={"filename": "recording.mp4", "filetype": "video/mp4"},
    store_url=True,
    url_storage=filestorage.FileStorage(store),
)
print(uploader.offset, flush=True)
uploader.upload()
