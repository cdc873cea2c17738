// The resumable upload as a real tus client drives it, against the real program.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { Upload } from 'tus-js-client'
import { startProxy } from '../support/proxy.mjs'
import { call, startServer } from '../support/server.mjs'

const MIB = 1024 * 1024
const retryDelays = Array(40).fill(250)
let server

before(async () => void (server = await startServer()))
after(() => server?.stop())

test('a whole recording', async () => {
  const [data, session] = [randomBytes(20 * MIB + 123), await start()]
  const { upload } = await send(data, session)
  await assertStored(upload.url, data)
  assert.equal((await call(server, 'GET', `/api/v1/sessions/${session.id}`)).arrived.complete, 1)
})

test('a recording in many small requests', async () => {
  const [data, session] = [randomBytes(5 * MIB + 1), await start()]
  const { upload } = await send(data, session, { chunkSize: MIB })
  await assertStored(upload.url, data)
})

test('a connection that is cut in the middle goes on where it was', async () => {
  const proxy = await startProxy(server.port)
  try {
    const [data, session] = [randomBytes(48 * MIB), await start()]
    proxy.cutAfter(30 * MIB)
    const { upload, offsets } = await send(data, session, { base: proxy.url })
    assert.equal(proxy.state.cuts, 1)
    assert.ok(offsets.at(-1) >= 16 * MIB, `it went on at ${offsets}`)
    assert.ok(proxy.state.passed < 30 * MIB + 34 * MIB, `${proxy.state.passed} bytes passed`)
    await assertStored(upload.url, data)
  } finally {
    await proxy.stop()
  }
})

test('a server that is killed in the middle goes on where it was', async (t) => {
  if (!server.crash) return t.skip('the server was not started here')
  const [data, session] = [randomBytes(40 * MIB), await start()]
  let crashed
  const { upload, offsets } = await send(data, session, {
    chunkSize: 4 * MIB,
    onChunkComplete: (_, sent) => {
      if (sent < 20 * MIB || crashed) return
      crashed = server.crash().then(() => server.restart())
    },
  })
  await crashed
  assert.ok(offsets.at(-1) >= 20 * MIB, `it went on at ${offsets}`)
  await assertStored(upload.url, data)
})

test('a stream whose length nobody knows', async () => {
  const [data, session] = [randomBytes(9 * MIB + 7), await start()]
  const pieces = Array.from({ length: 10 }, (_, i) => data.subarray(i * MIB, (i + 1) * MIB))
  const { upload } = await send(Readable.from(pieces), session, { uploadLengthDeferred: true, chunkSize: 2 * MIB })
  await assertStored(upload.url, data)
})

test('two that upload the same recording at once make one', async () => {
  const [data, session] = [randomBytes(24 * MIB), await start()]
  const [one, two] = await Promise.all([
    send(data, session, { chunkSize: 2 * MIB }),
    send(data, session, { chunkSize: 3 * MIB }),
  ])
  assert.equal(one.upload.url, two.upload.url)
  await assertStored(one.upload.url, data)
})

test('a device that lost the address of its upload goes on', async () => {
  const [data, session] = [randomBytes(12 * MIB), await start()]
  let url
  await new Promise((stopped) => {
    const upload = client(data, session, {
      chunkSize: 2 * MIB,
      onChunkComplete: (_, sent) => {
        if (sent < 6 * MIB) return
        url = upload.url
        upload.abort().then(stopped)
      },
    })
    upload.start()
  })
  const { upload, offsets } = await send(data, session)
  assert.equal(upload.url, url)
  assert.ok(offsets.at(-1) >= 6 * MIB, `it went on at ${offsets}`)
  await assertStored(upload.url, data)
})

test('a network that lets only POST pass', async () => {
  const [data, session] = [randomBytes(3 * MIB), await start()]
  const { upload } = await send(data, session, { overridePatchMethod: true, chunkSize: MIB })
  await assertStored(upload.url, data)
})

test('a part, cut in the middle, is whole when its hash comes back', async () => {
  const proxy = await startProxy(server.port)
  try {
    const [data, session] = [randomBytes(8 * MIB + 11), await start()]
    proxy.cutAfter(5 * MIB)
    const digests = []
    const { upload } = await send(data, session, {
      base: proxy.url,
      metadata: part(1, data),
      // Creation with the bytes in one request, as a device sends a part.
      uploadDataDuringCreation: true,
      onAfterResponse: (_, response) => {
        if (response.getHeader('Repr-Digest')) digests.push(response.getHeader('Repr-Digest'))
      },
    })
    assert.equal(proxy.state.cuts, 1)
    assert.deepEqual(digests, [`sha-256=:${createHash('sha256').update(data).digest('base64')}:`])
    await assertStored(upload.url, data)
    const { parts } = await call(server, 'GET', `/api/v1/sessions/${session.id}/parts`)
    const kept = { part: 1, run: 1, start_ms: 0, duration_ms: 2000, bytes: data.length, received: data.length }
    assert.deepEqual(
      parts.map(({ url, ...about }) => about),
      [{ ...kept, state: 'complete', sha256: sha256(data) }],
    )
  } finally {
    await proxy.stop()
  }
})

test('a part whose bytes are not those announced is not kept', async () => {
  const [data, session] = [randomBytes(MIB), await start()]
  const other = { ...part(1, data), sha256: sha256(randomBytes(1)) }
  await assert.rejects(send(data, session, { metadata: other, retryDelays: null }), /460/)
  const [kept] = (await call(server, 'GET', `/api/v1/sessions/${session.id}/parts`)).parts
  assert.deepEqual([kept.state, kept.received], ['receiving', 0])
})

test('an upload that is not wanted any more', async () => {
  const session = await start()
  const data = randomBytes(4 * MIB)
  const url = await new Promise((stopped) => {
    const upload = client(data, session, {
      chunkSize: MIB,
      onChunkComplete: () => {
        const at = upload.url
        upload.abort(true).then(() => stopped(at))
      },
    })
    upload.start()
  })
  const head = await fetch(url, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${server.deviceToken}`, 'tus-resumable': '1.0.0' },
  })
  assert.equal(head.status, 404)
})

/** Says where a part belongs. */
function part(number, data) {
  const about = { part: number, run: 1, start_ms: (number - 1) * 2000, duration_ms: 2000, sha256: sha256(data) }
  return { ...Object.fromEntries(Object.entries(about).map(([key, value]) => [key, String(value)])), filetype: 'video/mp4' }
}

function start() {
  return call(server, 'POST', '/api/v1/sessions', {})
}

/** Uploads to the end. `offsets` are those at which the client was told to go on. */
function send(data, session, options) {
  return new Promise((onSuccess, onError) => {
    const offsets = []
    const upload = client(data, session, {
      onAfterResponse: (request, response) => {
        if (request.getMethod() === 'HEAD' && response.getStatus() === 200) {
          offsets.push(Number(response.getHeader('Upload-Offset')))
        }
      },
      onSuccess: () => onSuccess({ upload, offsets }),
      onError,
      ...options,
    })
    upload.start()
  })
}

function client(data, session, { base = server.url, ...options } = {}) {
  return new Upload(data, {
    endpoint: new URL(session.upload_url, base).href,
    headers: { authorization: `Bearer ${server.deviceToken}` },
    metadata: { filename: '../boiler.mp4', filetype: 'video/mp4' },
    retryDelays,
    ...options,
  })
}

async function assertStored(url, data) {
  const id = new URL(url).pathname.split('/').at(-1)
  if (!server.dataDir) return
  const stored = joined(id, data.length)
  assert.equal(sha256(stored), sha256(data))
}

/** The chunks of an upload, joined: their names begin with their offset. */
function joined(upload, length) {
  const tenants = join(server.dataDir, 'objects', 'tenants')
  const folders = readdirSync(tenants).map((tenant) => join(tenants, tenant, 'uploads', upload))
  const folder = folders.find((path) => statSync(path, { throwIfNoEntry: false }))
  assert.ok(folder, `no chunks of upload ${upload}`)
  const chunks = readdirSync(folder).map((name) => {
    const path = join(folder, name)
    return { path, start: Number(name.split('-')[0]), bytes: statSync(path).size }
  })
  const way = chain(chunks, 0, length)
  assert.ok(way, `chunks do not join to ${length} bytes: ${JSON.stringify(chunks)}`)
  return Buffer.concat(way.map((chunk) => readFileSync(chunk.path)))
}

/** A kill may leave a chunk that no row names beside the one that was kept, so there can be several at one place. */
function chain(chunks, at, length) {
  if (at === length) return []
  for (const chunk of chunks.filter((c) => c.start === at && c.bytes > 0)) {
    const rest = chain(chunks, at + chunk.bytes, length)
    if (rest) return [chunk, ...rest]
  }
  return undefined
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
