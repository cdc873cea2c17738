// schemathesis reads the description of the API and tries every operation with what fits it and what does not: no error of
// the server, no answer that the description does not have.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { record, recording, settled } from '../support/recordings.mjs'
import { call, startServer } from '../support/server.mjs'

const HERE = fileURLToPath(new URL('.', import.meta.url))
// `make test` installs it there.
const PROGRAM = fileURLToPath(new URL('../../target/api-tests/bin/schemathesis', import.meta.url))
const SCOPES = ['sessions:read', 'procedures:read', 'tasks:read', 'tasks:write', 'users:read', 'users:manage', 'skills:execute', 'webhooks:manage']
const NOBODYS = '0197aaaa-0000-7000-8000-000000000000'
const missing = !existsSync(PROGRAM)
let server, key, real, folder

before(async () => {
  if (missing) return
  folder = mkdtempSync(join(tmpdir(), 'trainar-schemathesis-'))
  const many = '1000000'
  server = await startServer({
    TRAINAR_LIMITS__API_REQUESTS_PER_MINUTE: many,
    TRAINAR_LIMITS__API_BURST: many,
    TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '10000',
  })
  const scopes = SCOPES.flatMap((scope) => ['--scope', scope])
  key = JSON.parse(server.trainar(['key', 'create', '--tenant', 'Acme', '--name', 'All', ...scopes, '--json'])).api_key
  const done = await record(server, recording())
  assert.equal((await settled(server, done)).status, 'completed')
  const first = async (list) => (await call(server, 'GET', `/api/v1/${list}?limit=1`, undefined, key))[list][0].id
  real = { SESSION: done.id, PROCEDURE: await first('procedures'), USER_ID: await first('users'), SEAT: await first('seats'), UPLOAD: NOBODYS }
})
after(async () => {
  await server?.stop()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const made_up = () => Object.fromEntries(Object.keys(real).map((name) => [name, NOBODYS]))

// First, as a program then makes webhooks, which are told of sessions.
check('a device that records', async () => {
  const session = await call(server, 'POST', '/api/v1/sessions', {})
  const headers = { authorization: `Bearer ${server.deviceToken}`, 'tus-resumable': '1.0.0', 'upload-length': '1000' }
  const begun = await fetch(new URL(session.upload_url, server.url), { method: 'POST', headers })
  assert.equal(begun.status, 201)
  return [server.deviceToken, { ...real, SESSION: session.id, UPLOAD: begun.headers.get('location').split('/').at(-1) }]
})
check('a program that may do everything, with what is there', async () => [key, real])
check('a program that may do everything, with what is not there', async () => [key, made_up()])

function check(who, prepare) {
  test(`the API answers as it is described: ${who}`, async (t) => {
    if (missing) {
      if (process.env.TRAINAR_TEST_REQUIRE_ALL === '1') throw new Error(`${PROGRAM} is missing; make install-test installs it`)
      console.error(`SKIPPED: ${PROGRAM} is missing`)
      return t.skip('schemathesis is missing')
    }
    const [token, ids] = await prepare()
    const { code, output } = await run(token, ids)
    assert.equal(code, 0, output)
    assert.match(output, /Tested: +(\d+)/)
    const [, selected, all] = /Selected: +(\d+)\/(\d+)/.exec(output)
    assert.equal(selected, all)
    assert.equal(/Tested: +(\d+)/.exec(output)[1], all, 'every operation was tried')
  })
}

function run(token, ids) {
  const args = [
    '--config-file', join(HERE, 'schemathesis.toml'),
    'run', `${server.url}/api/v1/openapi.json`,
    '--header', `Authorization: Bearer ${token}`,
    '--phases', 'examples,coverage,fuzzing',
    '--checks', 'all',
    '--max-examples', '15',
    '--seed', '1',
    '--generation-database', 'none',
    '--continue-on-failure',
    '--no-shrink',
    '--no-color',
  ]
  const env = { ...process.env, ...ids, SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: HERE, PYTHONDONTWRITEBYTECODE: '1' }
  return new Promise((done) =>
    execFile(PROGRAM, args, { env, cwd: folder, maxBuffer: 1 << 26 }, (error, stdout, stderr) =>
      done({ code: error ? (error.code ?? 1) : 0, output: stdout + stderr }),
    ),
  )
}
