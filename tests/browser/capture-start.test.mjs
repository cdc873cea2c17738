// Before a session on a phone: the task that names it, and what is shown when no minutes are left.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertAccessible, shoot } from '../support/browser.mjs'
import { launchWithCamera, openPhone } from '../support/capture.mjs'
import { call, startServer } from '../support/server.mjs'
import { createTask } from '../support/tenants.mjs'

const NOTHING = { sessions: 0, parts: 0, bytes: 0, events: 0 }
const SIZES = { phone: { width: 390, height: 844 }, glasses: { width: 640, height: 360 }, desktop: { width: 1440, height: 900 } }

let server, browser

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  browser = await launchWithCamera()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** The session that the phone begins next, once the server knows it. */
async function begins(phone) {
  const answer = await phone.page.waitForResponse((answer) => answer.url().endsWith('/api/v1/sessions') && answer.status() === 201)
  return call(server, 'GET', `/api/v1/sessions/${(await answer.json()).id}`)
}

async function recordAndDeliver(phone) {
  await phone.tap('Start training session')
  await phone.records(2)
  await phone.tap('Stop training session')
  await phone.page.getByRole('heading', { name: 'Delivered' }).waitFor()
  assert.deepEqual(await phone.spool(), NOTHING)
}

test('a session is named by the task that was chosen, and is kept when the task has gone', async () => {
  assert.ok(createTask(server, { title: 'Replace the diverter valve', externalId: 'J-7' }))
  const phone = await openPhone(browser, server)
  await phone.show('ready')
  const chooser = phone.page.getByLabel('Task')
  await chooser.selectOption('Replace the diverter valve (J-7)')
  await assertAccessible(phone.page)
  for (const [size, viewport] of Object.entries(SIZES)) {
    await phone.page.setViewportSize(viewport)
    await shoot(phone.page, `capture-task-${size}`)
  }
  await phone.page.setViewportSize(SIZES.phone)
  const first = begins(phone)
  await phone.tap('Start training session')
  await phone.screen('recording').getByText('Replace the diverter valve').waitFor()
  await phone.records(2)
  await phone.tap('Stop training session')
  await phone.page.getByRole('heading', { name: 'Delivered' }).waitFor()
  assert.equal((await first).name, 'Replace the diverter valve')

  // The list is as it was told last, and one of its tasks is there no more.
  const gone = { id: crypto.randomUUID(), title: 'Gone', external_id: null, due_date: null }
  await phone.context.route('**/api/v1/device/tasks', (route) => route.fulfill({ json: { tasks: [gone] } }))
  await phone.page.reload()
  await phone.show('ready')
  assert.equal(await chooser.inputValue(), '', 'the next session is about something else')
  await chooser.selectOption('Gone')
  const second = begins(phone)
  await recordAndDeliver(phone)
  assert.notEqual((await second).name, 'Gone')
  await phone.close()
})

test('without minutes no session begins, and one that has begun is kept until there are some', async () => {
  const minutes = (n) => server.trainar(['tenant', 'set', '--tenant', 'Acme', '--included-minutes', String(n)])
  const phone = await openPhone(browser, server)
  await phone.show('ready')
  await phone.page.getByText('not counted').waitFor()
  // They run out between the look at the server and the start.
  minutes(0)
  const refused = phone.page.waitForResponse((answer) => answer.url().endsWith('/api/v1/sessions') && answer.status() === 402)
  await phone.tap('Start training session')
  await refused
  await phone.page.getByRole('status').getByText('No minutes left. Ask your administrator. What is recorded is kept on this device').waitFor()
  await shoot(phone.page, 'capture-no-minutes-recording-phone')
  await phone.records(2)
  await phone.tap('Stop training session')
  await phone.page.getByText('1 session').filter({ visible: true }).waitFor()
  const { parts } = await phone.spool()
  assert.ok(parts >= 2, 'nothing is lost')

  // Now the page knows before.
  await phone.page.reload()
  await phone.show('ready')
  await phone.screen('ready').locator('.bad-text').getByText('No minutes left. Ask your administrator.').waitFor()
  assert.ok(await phone.page.getByRole('button', { name: 'Start training session' }).isDisabled())
  await assertAccessible(phone.page)
  await shoot(phone.page, 'capture-no-minutes-phone')

  minutes(100)
  await phone.page.reload()
  await phone.page.getByText('Nothing waits on this device').filter({ visible: true }).waitFor()
  assert.deepEqual(await phone.spool(), NOTHING)
  await phone.close()
})
