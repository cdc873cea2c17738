// Webhooks against a real receiver, and the published verifier of the Standard Webhooks scheme.

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startMailServer } from '../support/mail.mjs'
import { call, PROGRAM, startServer } from '../support/server.mjs'
import { createAdmin } from '../support/tenants.mjs'

const PYTHON = fileURLToPath(new URL('../../target/api-tests/bin/python', import.meta.url))
const VERIFY = fileURLToPath(new URL('verify.py', import.meta.url))
const ALLOWED = { TRAINAR_WEBHOOKS__PRIVATE_ADDRESSES: 'true', TRAINAR_WEBHOOKS__HTTP: 'true' }
let server, key, receiver, address
/** What came, and what is answered next (else 204). */
let came = []
let answers = []

before(async () => {
  receiver = createServer((request, response) => {
    const { method, url, headers } = request
    let body = ''
    request.setEncoding('utf8').on('data', (text) => (body += text)).on('end', () => {
      came.push({ method, url, headers, body })
      const { status = 204, location, hang } = answers.shift() ?? {}
      if (hang) return
      response.writeHead(status, location ? { location } : {}).end(status === 204 ? undefined : 'this is what it said')
    })
  }).listen(0, '127.0.0.1')
  await new Promise((done) => receiver.once('listening', done))
  address = `http://127.0.0.1:${receiver.address().port}`
  server = await startServer(ALLOWED)
  key = JSON.parse(server.trainar(['key', 'create', '--tenant', 'Acme', '--name', 'Hooks', '--scope', 'webhooks:manage', '--json'])).api_key
})
after(async () => {
  await server?.stop()
  receiver?.closeAllConnections()
  receiver?.close()
})

test('a message is signed as the published verifier wants it, and comes again under its id until it is taken', async (t) => {
  const hook = await api('POST', '/webhooks', { url: `${address}/in?x=1`, events: ['session.started'] })
  assert.match(hook.secret, /^whsec_/)
  assert.equal((await api('GET', `/webhooks/${hook.id}`)).secret, undefined, 'told once')
  answers = [{ status: 503 }]
  const session = await call(server, 'POST', '/api/v1/sessions', {})
  await until(() => came.length === 2)
  const [first, second] = came
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id'])
  assert.equal(first.body, second.body)
  assert.deepEqual([first.method, first.url], ['POST', '/in?x=1'])
  const told = JSON.parse(first.body)
  assert.deepEqual([told.type, told.data.session_id, told.data.status], ['session.started', session.id, 'in_progress'])
  for (const message of came) verify(t, hook.secret, message)
  if (existsSync(PYTHON)) {
    assert.notEqual(run(hook.secret, { ...first, body: first.body.replace('started', 'stopped') }).status, 0, 'changed')
    assert.notEqual(run('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', first).status, 0, 'another secret')
  }

  const log = await settled(hook)
  assert.deepEqual([log[0].state, log[0].attempts, log[0].last_status], ['delivered', 2, 204])
  assert.equal(log[0].webhook_message_id, first.headers['webhook-id'])
  await api('POST', `/webhooks/${hook.id}/deliveries/${log[0].id}/resend`)
  await until(() => came.length === 3)
  assert.equal(came[2].headers['webhook-id'], first.headers['webhook-id'], 'the same id')

  const { secret } = await api('POST', `/webhooks/${hook.id}/secret`)
  await settled(hook)
  await api('POST', `/webhooks/${hook.id}/deliveries/${log[0].id}/resend`)
  await until(() => came.length === 4)
  assert.notEqual(secret, hook.secret)
  for (const either of [secret, hook.secret]) verify(t, either, came[3])
  await api('DELETE', `/webhooks/${hook.id}`)
})

test('a redirect is not followed, and the log says what was answered', async () => {
  came = []
  const hook = await api('POST', '/webhooks', { url: `${address}/moved`, events: ['session.started'] })
  answers = [{ status: 302, location: `${address}/inside` }]
  await call(server, 'POST', '/api/v1/sessions', {})
  await until(() => came.length === 1)
  const [delivery] = await until(async () => {
    const { deliveries } = await api('GET', `/webhooks/${hook.id}/deliveries`)
    return deliveries[0].last_status && deliveries
  })
  assert.deepEqual([delivery.state, delivery.last_status, delivery.last_answer], ['waiting', 302, 'this is what it said'])
  assert.ok(delivery.next_at > delivery.last_at)
  await until(() => came.length === 2)
  assert.deepEqual(came.map(({ url }) => url), ['/moved', '/moved'])
  await api('DELETE', `/webhooks/${hook.id}`)
})

test('what a killed server was sending is sent again under its id', async () => {
  came = []
  const hook = await api('POST', '/webhooks', { url: `${address}/slow`, events: ['session.started'] })
  answers = [{ hang: true }]
  await call(server, 'POST', '/api/v1/sessions', {})
  await until(() => came.length === 1)
  await server.crash()
  await server.restart()
  await until(() => came.length === 2, 60)
  assert.equal(came[0].headers['webhook-id'], came[1].headers['webhook-id'])
  assert.equal((await settled(hook))[0].state, 'delivered')
  await api('DELETE', `/webhooks/${hook.id}`)
})

test('unless the operator allows it, nothing is sent into the network of the server', async () => {
  came = []
  await server.crash()
  await server.restart({})
  const { port } = new URL(address)
  for (const url of [`${address}/in`, `https://127.0.0.1:${port}/`, 'https://[::1]/', 'https://0x7f.1/', 'https://169.254.169.254/', 'https://10.0.0.1/']) {
    const answer = await ask('POST', '/webhooks', { url, events: ['session.started'] })
    assert.equal(answer.status, 422, url)
  }
  // A name is looked up when something is sent.
  const hook = await api('POST', '/webhooks', { url: `https://localhost:${port}/`, events: ['session.started'] })
  await call(server, 'POST', '/api/v1/sessions', {})
  const [delivery] = await until(async () => {
    const { deliveries } = await api('GET', `/webhooks/${hook.id}/deliveries`)
    return deliveries[0].last_answer && deliveries
  })
  assert.match(delivery.last_answer, /private network/)
  assert.equal(delivery.last_status, null)
  assert.ok((await api('GET', `/webhooks/${hook.id}`)).failing_since)
  assert.deepEqual(came, [])
})

test('an organisation has twenty at most, and is told by mail when one is switched off', async () => {
  const mail = await startMailServer()
  const admin = createAdmin(server)
  try {
    await server.crash()
    const settings = { ...ALLOWED, ...mail.variables, TRAINAR_SERVER__PUBLIC_URL: 'https://training.example.org' }
    await server.restart(settings)
    const { webhooks } = await api('GET', '/webhooks')
    for (const { id } of webhooks) await api('DELETE', `/webhooks/${id}`)
    const hook = await api('POST', '/webhooks', { url: `${address}/gone?token=hush`, events: ['session.started'] })
    for (let n = 1; n < 20; n++) await api('POST', '/webhooks', { url: `${address}/${n}`, events: ['task.created'] })
    const more = await ask('POST', '/webhooks', { url: `${address}/20`, events: ['task.created'] })
    assert.deepEqual([more.status, (await more.json()).type], [409, 'urn:trainar:problem:too-many-webhooks'])

    answers = [{ status: 410 }]
    await call(server, 'POST', '/api/v1/sessions', {})
    const told = await mail.next()
    assert.deepEqual(told.envelope, [admin.email], 'administrators only')
    assert.match(told.text, /\/gone is told nothing any more\.\s+Switched off: it answered with status 410/)
    assert.match(told.text, new RegExp(`https://training.example.org/settings/webhooks/${hook.id}`))
    assert.doesNotMatch(told.text, /hush/)

    // Not spawnSync: the mail server is in this process.
    const doctor = (others) => {
      const env = { PATH: process.env.PATH, TRAINAR_DATA_DIR: server.dataDir, ...settings, ...others }
      return new Promise((done) => execFile(PROGRAM, ['doctor'], { env }, (_, said) => done(said)))
    }
    assert.match(await doctor({}), /ok +mail +127\.0\.0\.1:\d+ answers, signed in as trainar; nothing was sent/)
    assert.match(await doctor({ TRAINAR_MAIL__PASSWORD: 'wrong' }), /FAIL +mail +cannot use 127/)
    assert.match(await doctor({ TRAINAR_MAIL__PORT: '9' }), /FAIL +mail/)
    assert.deepEqual(mail.mails, [])
  } finally {
    // It keeps a connection to the mail server.
    await server.crash()
    await mail.stop()
  }
})

function verify(t, secret, message) {
  if (existsSync(PYTHON)) {
    const done = run(secret, message)
    return assert.equal(done.stdout.trim(), 'session.started', done.stderr)
  }
  if (process.env.TRAINAR_TEST_REQUIRE_ALL === '1') throw new Error(`${PYTHON} is missing; make install-test installs it`)
  console.error(`SKIPPED: ${PYTHON} is missing`)
  t.diagnostic('the published verifier is missing')
}

const run = (secret, message) => spawnSync(PYTHON, [VERIFY, secret], { input: JSON.stringify(message), encoding: 'utf8' })

const ask = (method, path, body) =>
  fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  })

async function api(method, path, body) {
  const answer = await ask(method, path, body)
  const text = await answer.text()
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`)
  return text ? JSON.parse(text) : undefined
}

/** The log of a webhook to which nothing is to be sent any more. */
const settled = (hook) =>
  until(async () => {
    const { deliveries } = await api('GET', `/webhooks/${hook.id}/deliveries`)
    return deliveries.every(({ state }) => state !== 'waiting') && deliveries
  })

async function until(holds, seconds = 30) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(100)) {
    const found = await holds()
    if (found) return found
  }
  throw new Error(`waited in vain: ${holds}; ${JSON.stringify(came)}`)
}
