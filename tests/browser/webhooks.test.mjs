// Settings, Webhooks: adding, the log, sending again, a new secret, switching off, removing.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { assertGood, LOOKS, openSignedIn } from '../support/browser.mjs'
import { dashboard } from '../support/dashboard.mjs'
import { call } from '../support/server.mjs'

const LONG = 'long-path-'.repeat(12)
let came = []
let status = 503

const receiver = createServer((request, response) => {
  request.resume().on('end', () => {
    came.push(request.headers['webhook-id'])
    response.writeHead(status).end('what the receiver had to say')
  })
}).listen(0, '127.0.0.1')
await new Promise((done) => receiver.once('listening', done))
const address = `http://127.0.0.1:${receiver.address().port}`
const { server, admin, browser, window, page } = await dashboard({
  TRAINAR_WEBHOOKS__PRIVATE_ADDRESSES: 'true',
  TRAINAR_WEBHOOKS__HTTP: 'true',
})
after(async () => {
  receiver?.closeAllConnections()
  receiver?.close()
})

test('a webhook is added, its failures are seen, and it is sent to again', async () => {
  await page.goto('/settings/webhooks')
  await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor()
  await page.getByLabel('Address').fill('ftp://example.com')
  await page.getByLabel('session.started').check()
  await page.getByRole('button', { name: 'Add webhook' }).click()
  await page.getByText('Nothing was saved: this is no web address').waitFor()
  assert.ok(await page.getByLabel('session.started').isChecked(), 'what was ticked stays')
  await page.getByLabel('Address').fill(`${address}/${LONG}`)
  await page.getByRole('button', { name: 'Add webhook' }).click()
  assert.match(await page.getByLabel('Secret', { exact: true }).inputValue(), /^whsec_/)

  await call(server, 'POST', '/api/v1/sessions', {})
  await page.goto('/settings/webhooks')
  await page.getByRole('link', { name: LONG }).click()
  await shown('To be sent again')
  assert.ok(!(await page.content()).includes('whsec_'), 'shown once')
  // The page may have read the webhook before it failed and the delivery after.
  await until(async () => (await page.reload(), page.getByText('Nothing has arrived since').isVisible()))
  assert.match(await page.locator('[data-delivery]').innerText(), /session\.started[\s\S]*1 attempt · status 503 · again[\s\S]*msg_[0-9a-f]{32}\s+what the receiver had to say/)
  status = 200
  await shown('Delivered')
  await page.getByRole('button', { name: 'Send again' }).click()
  await until(() => came.length === 3)
  assert.equal(new Set(came).size, 1, 'the same id')
})

test('it is changed, gets a new secret, is switched off and on, and removed', async () => {
  await shown('Delivered')
  await page.getByLabel('session.failed').check()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.waitForFunction(() => document.querySelector('input[value="session.failed"]').checked)
  await page.getByRole('button', { name: 'New secret' }).click()
  assert.match(await page.getByLabel('Secret', { exact: true }).inputValue(), /^whsec_/)
  await page.getByRole('button', { name: 'Switch off' }).click()
  await page.getByText('Switched off by hand.').waitFor()
  const before = came.length
  await call(server, 'POST', '/api/v1/sessions', {})
  await page.getByRole('button', { name: 'Switch on' }).click()
  await page.getByRole('button', { name: 'Switch off' }).waitFor()
  await call(server, 'POST', '/api/v1/sessions', {})
  await until(() => came.length > before)
  assert.equal(came.length, before + 1, 'of what happened while it was off it is not told')
  await page.getByRole('link', { name: 'Remove' }).click()
  await page.getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('heading', { name: 'No webhooks yet' }).waitFor()
  await page.goto('/settings/audit')
  const log = await page.locator('main').innerText()
  for (const act of ['Added a webhook', 'Changed a webhook', 'Made a new secret of a webhook', 'Removed a webhook']) assert.match(log, new RegExp(act))
})

test('no page says anything to the console', () => {
  assert.deepEqual(window.problems.filter((problem) => !problem.includes('422')), [])
})

for (const [look, options] of LOOKS) {
  test(`no page breaks accessibility or its frame: ${look}`, async () => {
    status = 503
    const { page, close } = await openSignedIn(browser, { ...server, ...admin }, options)
    const good = (name) => assertGood(page, `${name}-${look}`)
    await page.goto('/settings/webhooks')
    await good('webhooks')
    await page.getByLabel('Address').fill(`${address}/${LONG}`)
    await page.getByLabel('session.started').check()
    await page.getByLabel('procedure.published').check()
    await page.getByRole('button', { name: 'Add webhook' }).click()
    await good('webhook-made')
    const had = came.length
    await call(server, 'POST', '/api/v1/sessions', {})
    await until(() => came.length > had)
    await page.goto('/settings/webhooks')
    await page.getByRole('link', { name: LONG }).first().click()
    await good('webhook')
    await page.getByRole('link', { name: 'Remove' }).click()
    await good('webhook-remove')
    await page.getByRole('button', { name: 'Remove' }).click()
    await close()
  })
}

/** Loads the page of the webhook until its newest delivery says this. */
async function shown(state) {
  await until(async () => {
    await page.reload()
    return (await page.locator('[data-delivery] .badge').first().innerText()) === state
  })
}

async function until(holds) {
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((done) => setTimeout(done, 200))) {
    if (await holds()) return
  }
  throw new Error(`waited in vain: ${holds}`)
}
