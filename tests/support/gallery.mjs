// A server with a session in every state that a page can show, each made the way it comes about.

import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { beginUpload, caption, record, recording, settled, start, stop } from './recordings.mjs'
import { call, startServer } from './server.mjs'
import { createTask, traineeToken } from './tenants.mjs'

const SIGN_INS = { TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' }

/** Resolves with the server and its sessions by the name of their state; `tasks` is empty where none can be made. */
export async function startGallery() {
  const server = await startServer(SIGN_INS)
  try {
    return { server, ...(await fill(server)) }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function fill(server) {
  const [whole, short] = [recording(), recording(10)]
  const trainee = traineeToken(server)
  const tasks = {
    elsewhere: createTask(server, { title: 'Replace the circulation pump, 14 Quay Street', externalId: 'JOB-2041', externalUrl: 'https://secure.getjobber.example/jobs/2041' }),
    here: createTask(server, { title: 'Annual service, 3 Mill Lane', externalId: 'HH-77', source: 'manual', description: 'Service the boiler.\nLeave the readings in the record.' }),
  }
  const task = (id) => (id ? { task_id: id } : {})

  const completed = await record(server, whole, { about: task(tasks.elsewhere) })
  const taskHere = await record(server, whole, { about: task(tasks.here), token: trainee })
  const noProcedures = await record(server, short, { words: 'WEBVTT\n', about: { name: 'Ten seconds of nothing' } })
  const unreadable = await record(server, Buffer.from('This is no video. '.repeat(1000)), { words: '', about: { name: 'A text file' } })
  const noRecording = await start(server, { name: 'Cancelled on site' })
  await stop(server, noRecording, 0)
  const about = { name: 'Boiler swap in a terraced house with a name that goes on and on, flat 12b, third floor, Harbour Street' }
  const silent = await start(server, about, trainee)
  for (const [session, token] of [[completed], [taskHere, trainee], [noProcedures], [unreadable], [noRecording]]) await settled(server, session, token)

  // Nobody hears of the silent one for a second. Then nothing works any more, so that every phase stays as it is.
  await server.crash()
  await server.restart({ ...SIGN_INS, TRAINAR_LIMITS__HEARTBEAT_SECONDS: '1' })
  assert.equal((await settled(server, silent, trainee)).status, 'failed')
  // Without captions somebody has to listen, which takes a while.
  const processing = await record(server, whole, { words: '', about: { name: 'In the works' } })
  await listening(server, processing)
  await server.crash()
  await server.restart({ ...SIGN_INS, TRAINAR_SERVER__WORK: 'false' })
  const waiting = await record(server, short, { about: { name: 'Waits for a worker' } })
  const uploading = await start(server, { name: 'On its way' })
  await caption(server, uploading)
  const send = await beginUpload(server, uploading, whole)
  await send(0, Math.ceil(whole.length * 0.63))
  await stop(server, uploading)
  const notSent = await start(server, { name: 'Out of reach' })
  await stop(server, notSent)
  const running = await start(server, { name: 'Under way' }, trainee)
  return {
    tasks: tasks.elsewhere ? tasks : {},
    sessions: { completed, taskHere, noProcedures, unreadable, noRecording, silent, processing, waiting, uploading, notSent, running },
  }
}

/** Resolves while the words of the session are being recognised. */
async function listening(server, session) {
  let text
  do {
    await pause(50)
    text = (await call(server, 'GET', `/api/v1/sessions/${session.id}`)).progress.text
  } while (text !== 'Processing 2 of 9: transcribing')
}
