// A server to test against: the real program over a folder of its own, or one that runs already.

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { secretIn } from './secrets.mjs'

export const PROGRAM = resolve(process.env.TRAINAR_TEST_BIN ?? fileURLToPath(new URL('../../target/debug/trainar', import.meta.url)))
const START_MS = 60_000
/** More than is logged by itself: what stands in no line of it stands in no line of less. */
const LOG = 'info,trainar=debug,web=debug,storage=debug,pipeline=debug,integrations=debug,tower_http=debug,sqlx=warn,sea_orm_migration=warn'

/** Starts `trainar serve` over an empty folder: nobody is there. `log()` is what it has said. */
export async function startEmptyServer(variables = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'trainar-test-'))
  const port = await freePort()
  const child = await serve(settings(dataDir, variables), port)
  return {
    url: `http://127.0.0.1:${port}`,
    dataDir,
    log: () => child.said(),
    stop: async () => {
      await end(child)
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/**
 * Starts `trainar serve` with a tenant, a user and a paired device. With TRAINAR_URL and TRAINAR_DEVICE_TOKEN set it
 * starts nothing and uses that server (TRAINAR_DATA_DIR then tells its data folder, if it is on this machine).
 * `variables` are settings of the program, such as TRAINAR_SERVER__WORK.
 */
export async function startServer(variables = {}) {
  if (process.env.TRAINAR_URL && process.env.TRAINAR_DEVICE_TOKEN) return runningServer()
  const dataDir = mkdtempSync(join(tmpdir(), 'trainar-test-'))
  let env = settings(dataDir, variables)
  const trainar = (args, input) => {
    const done = spawnSync(PROGRAM, args, { env, input, encoding: 'utf8' })
    if (done.status !== 0) throw new Error(`${PROGRAM} ${args.join(' ')}: ${done.error ?? done.stderr}`)
    return done.stdout
  }
  const [tenant, email, password] = ['Acme', 'ada@example.org', 'correct horse battery']
  trainar(['tenant', 'create', '--name', tenant])
  trainar(['user', 'create', '--tenant', tenant, '--email', email, '--name', 'Ada', '--password-stdin'], password)
  const seat = JSON.parse(
    trainar(['seat', 'create', '--tenant', tenant, '--user', email, '--role', 'trainer', '--json']),
  )
  const port = await freePort()
  let child = await serve(env, port)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    dataDir,
    trainar,
    email,
    password,
    deviceToken: seat.device_token,
    /** Ends the process as a power cut does: kill -9. */
    crash: () => end(child),
    /** Starts it again over the same folder, at the same port, with other settings if any are given. */
    restart: async (others = variables) => {
      env = settings(dataDir, others)
      child = await serve(env, port)
    },
    stop: async () => {
      await end(child)
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

/** Calls the API as the device (or another one, by its token) and returns the JSON of the answer. */
export async function call(server, method, path, body, token = server.deviceToken) {
  const answer = await fetch(new URL(path, server.url), {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text ? JSON.parse(text) : undefined
}

function runningServer() {
  const url = process.env.TRAINAR_URL
  return {
    url,
    port: Number(new URL(url).port || 80),
    dataDir: process.env.TRAINAR_DATA_DIR,
    deviceToken: process.env.TRAINAR_DEVICE_TOKEN,
    stop: async () => {},
  }
}

function settings(dataDir, variables) {
  const plain = Object.entries(process.env).filter(([name]) => !name.startsWith('TRAINAR_'))
  return { TRAINAR_LOG: LOG, ...Object.fromEntries(plain), ...variables, TRAINAR_DATA_DIR: dataDir }
}

/** Ends it by kill -9. Fails where it has logged a secret. */
async function end(child) {
  const ended = new Promise((done) => ((child.exitCode ?? child.signalCode) === null ? child.once('close', done) : done()))
  child.kill('SIGKILL')
  await ended
  assert.deepEqual(child.secrets, [], 'a secret stands in the log')
}

/** Resolves when the program says that it listens. */
function serve(env, port) {
  const child = spawn(PROGRAM, ['serve', '--listen', `127.0.0.1:${port}`], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // Whatever ends the test ends the server.
  const orphaned = () => child.kill('SIGKILL')
  process.once('exit', orphaned)
  child.once('exit', () => process.off('exit', orphaned))
  return new Promise((done, failed) => {
    let said = ''
    child.said = () => said
    child.secrets = []
    let line = ''
    const late = setTimeout(() => fail('it does not listen after a minute'), START_MS)
    const fail = (why) => {
      clearTimeout(late)
      child.kill('SIGKILL')
      failed(new Error(`trainar serve: ${why}\n${said}`))
    }
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code, signal) => fail(`it ended with ${code ?? signal}`))
    child.stderr.setEncoding('utf8').on('data', (text) => {
      said = (said + text).slice(-20_000)
      const lines = (line + text).split('\n')
      line = lines.pop()
      const secret = secretIn(lines.join('\n'))
      if (secret) child.secrets.push(secret)
      if (!/listening on http/.test(said)) return
      clearTimeout(late)
      child.removeAllListeners('exit')
      child.once('exit', () => process.off('exit', orphaned))
      done(child)
    })
  })
}

/** A port that is free now. */
export function freePort() {
  return new Promise((done, failed) => {
    const probe = createServer().once('error', failed)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => done(port))
    })
  })
}
