// Sessions through the real API, with small recordings that ffmpeg makes on the spot.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { call } from './server.mjs'

/** What is said in two minutes of a boiler service: start in seconds, sentence. */
const SAID = [
  [1, 'First, I isolate the boiler from the power supply.'],
  [5, 'I switch off the electricity at the isolator and take out the fuse.'],
  [10, 'Now I test the terminals with my multimeter.'],
  [14, 'The meter shows zero volts, so the boiler is dead and safe to work on.'],
  [20, 'The boiler is now isolated.'],
  [32, 'Next, I remove the boiler casing.'],
  [36, 'There are two screws at the bottom of the front panel.'],
  [41, 'I undo both screws with a long screwdriver.'],
  [46, 'I lift the front panel up and pull it away.'],
  [51, 'The casing is off and I can see the burner.'],
  [63, 'The next job is to replace the circulation pump.'],
  [67, 'I close both pump valves and put a bucket under the pump.'],
  [72, 'I undo the two union nuts and lift the old pump out.'],
  [78, 'I fit the new pump with new washers and tighten the nuts.'],
  [84, 'I open the valves and check the unions for leaks, and they are dry.'],
  [96, 'Finally, I close up the boiler.'],
  [100, 'I put the front panel back and tighten both screws.'],
  [105, 'I let the boiler run for one minute and the pump runs quietly.'],
  [111, 'I write the readings in the service record.'],
  [116, 'The service is finished.'],
]
const SECONDS = 122
const DONE_WITHIN_MS = 120_000

/** The words above as WebVTT. */
export const captions = () => {
  const clock = (seconds) => `00:0${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}.000`
  const cues = SAID.map(([start, text], i) => `${clock(start)} --> ${clock(Math.min(SAID[i + 1]?.[0] ?? SECONDS, start + 5))}\n${text}`)
  return `WEBVTT\n\n${cues.join('\n\n')}\n`
}

/** A moving picture with a hum, H.264 and AAC in MP4, as bytes. */
export function recording(seconds = SECONDS) {
  const picture = `testsrc2=size=480x270:rate=10:duration=${seconds}`
  const sound = `aevalsrc=0.3*sin(2*PI*(180+60*sin(2*PI*0.5*t))*t)*(0.6+0.4*sin(2*PI*3*t)):s=16000:d=${seconds}`
  return encoded(picture, sound, '+faststart')
}

/** A run as a recorder streams it: a flash and a beep of 0.1 s at each full second, fragmented MP4. */
export function beat(seconds) {
  const flash = "drawbox=c=white:t=fill:enable='lt(mod(t,1),0.1)'"
  const sound = `aevalsrc=0.6*sin(880*2*PI*t)*lt(mod(t\\,1)\\,0.1):s=48000:d=${seconds}`
  return encoded(`color=black:s=480x270:r=30:d=${seconds},${flash}`, sound, '+frag_keyframe+empty_moov+default_base_moof')
}

function encoded(picture, sound, flags) {
  const folder = mkdtempSync(join(tmpdir(), 'trainar-recording-'))
  try {
    const file = join(folder, 'recording.mp4')
    const coding = `-c:v libx264 -preset ultrafast -crf 34 -pix_fmt yuv420p -g 10 -c:a aac -b:a 48k -movflags ${flags}`
    const args = ['-nostdin', '-v', 'error', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound, ...coding.split(' '), file]
    execFileSync('ffmpeg', args)
    return readFileSync(file)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Starts a session of the server's device, or of the one whose token is given. */
export const start = (server, about = {}, token) => call(server, 'POST', '/api/v1/sessions', about, token)

/** Stops a session of which the device holds so many recordings. */
export const stop = (server, session, parts = 1, token) =>
  call(server, 'POST', `/api/v1/sessions/${session.id}/stop`, { parts }, token)

/** Sends the words beside the recording. */
export async function caption(server, session, text = captions(), token = server.deviceToken) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'text/vtt' }
  const answer = await fetch(`${server.url}/api/v1/sessions/${session.id}/captions`, { method: 'PUT', headers, body: text })
  if (!answer.ok) throw new Error(`captions: ${answer.status} ${await answer.text()}`)
}

/** Begins an upload and returns `send(from, to)` for its bytes. */
export async function beginUpload(server, session, bytes, token = server.deviceToken) {
  const headers = { authorization: `Bearer ${token}`, 'tus-resumable': '1.0.0' }
  const metadata = `filename ${btoa('recording.mp4')},filetype ${btoa('video/mp4')}`
  const created = await fetch(new URL(session.upload_url, server.url), {
    method: 'POST',
    headers: { ...headers, 'upload-length': String(bytes.length), 'upload-metadata': metadata },
  })
  if (created.status !== 201) throw new Error(`upload: ${created.status} ${await created.text()}`)
  const url = new URL(created.headers.get('location'), server.url)
  return async (from, to) => {
    const sent = await fetch(url, {
      method: 'PATCH',
      headers: { ...headers, 'upload-offset': String(from), 'content-type': 'application/offset+octet-stream' },
      body: bytes.subarray(from, to),
    })
    if (sent.status !== 204) throw new Error(`bytes: ${sent.status} ${await sent.text()}`)
  }
}

/** A whole session: start, words, recording, stop. */
export async function record(server, bytes, { about, words = captions(), token } = {}) {
  const session = await start(server, about, token)
  if (words) await caption(server, session, words, token)
  const send = await beginUpload(server, session, bytes, token)
  await send(0, bytes.length)
  await stop(server, session, 1, token)
  return session
}

/** Resolves with the session once nothing more happens to it. */
export async function settled(server, session, token) {
  for (const end = Date.now() + DONE_WITHIN_MS; Date.now() < end; await pause(200)) {
    const now = await call(server, 'GET', `/api/v1/sessions/${session.id}`, undefined, token)
    if (now.phase === 'done') return now
  }
  throw new Error(`session ${session.id} is not done`)
}
