// A second factor that is required: an administrator without one is led to it before anything else.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertGood, LOOKS, open, openSignedIn, signIn } from '../support/browser.mjs'
import { dashboard } from '../support/dashboard.mjs'
import { codeOf } from '../support/totp.mjs'

const { server, admin, browser, window, page } = await dashboard()

const heading = (page) => page.locator('h1').innerText()
const status = (page, path, options) =>
  page.evaluate(([path, options]) => fetch(path, options).then((answer) => `${answer.status} ${new URL(answer.url).pathname}`), [path, options])

test('required of administrators, it comes before everything else', async () => {
  await page.goto('/settings/users')
  await page.getByRole('button', { name: 'Require a second factor' }).click()
  await page.getByRole('heading', { name: 'Set up a second factor first' }).waitFor()
  for (const path of ['/sessions', '/settings/users', '/settings/audit', '/account', '/reports/minutes', '/tasks']) {
    await page.goto(path)
    assert.equal(await heading(page), 'Set up a second factor first', path)
  }
  assert.equal(await status(page, '/events/sessions', { headers: { accept: 'text/event-stream' } }), '403 /events/sessions')
  const body = 'required=no'
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  assert.equal(await status(page, '/settings/second-factor', { method: 'POST', body, headers }), '200 /account/second-factor/required')
  await page.goto('/account/second-factor/required')
  await page.getByLabel('Present password, to set it up').fill('wrong')
  await page.getByRole('button', { name: 'Set up' }).click()
  assert.match(await page.getByRole('alert').innerText(), /present password is wrong/)
  assert.equal(await heading(page), 'Set up a second factor first')

  // Somebody who signs in now is led there, too; a member is not.
  const again = await open(browser, server)
  await signIn(again.page, admin, '/sign-in?next=%2Fsettings%2Faudit')
  await again.page.getByRole('heading', { name: 'Set up a second factor first' }).waitFor()
  await again.close()
  const member = await openSignedIn(browser, server)
  assert.equal(await heading(member.page), 'Sessions')
  await member.close()
})

test('once it is set up everything opens, and it cannot be removed', async () => {
  await page.goto('/sessions')
  await page.getByLabel('Present password, to set it up').fill(admin.password)
  await page.getByRole('button', { name: 'Set up' }).click()
  await page.getByLabel('Code of the app').fill(codeOf(await page.locator('[data-secret]').innerText()))
  await page.getByRole('button', { name: 'Turn on' }).click()
  await page.getByRole('link', { name: 'I have kept them' }).click()
  assert.equal(await heading(page), 'Account')
  assert.equal(await page.getByRole('button', { name: 'Remove' }).count(), 0)
  const removed = await page.evaluate(async (old) => {
    const body = new URLSearchParams({ csrf_token: document.querySelector('[name=csrf_token]').value, old })
    const answer = await fetch('/account/second-factor/remove', { method: 'POST', body })
    return `${answer.status} ${await answer.text()}`
  }, admin.password)
  assert.match(removed, /^422 [^]*cannot be removed/)
  await page.goto('/settings/audit')
  assert.match(await page.locator('tbody').innerText(), /Grace\s+Required a second factor of administrators/)
})

test('left to each again, nobody is led there', async () => {
  server.trainar(['user', 'create', '--tenant', 'Acme', '--email', 'hal@example.org', '--name', 'Hal', '--role', 'admin', '--password-stdin'], admin.password)
  const hal = await open(browser, server)
  await signIn(hal.page, { email: 'hal@example.org', password: admin.password })
  await hal.page.getByRole('heading', { name: 'Set up a second factor first' }).waitFor()
  await page.goto('/settings/users')
  assert.match(await page.locator('main').innerText(), /now that is 1/)
  await page.getByRole('button', { name: 'Leave it to each administrator' }).click()
  await page.getByRole('button', { name: 'Require a second factor' }).waitFor()
  await hal.page.goto('/sessions')
  assert.equal(await heading(hal.page), 'Sessions')
  await hal.page.goto('/account/second-factor/required')
  assert.equal(await heading(hal.page), 'Sessions')
  await hal.close()
  assert.deepEqual(window.problems.filter((said) => !/422|403/.test(said)), [])
})

test('an operator requires it of all', async () => {
  await server.crash()
  await server.restart({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000', TRAINAR_SERVER__ADMINS_NEED_SECOND_FACTOR: 'true' })
  const hal = { email: 'hal@example.org', password: admin.password }
  for (const [look, options] of LOOKS) {
    const { page, close } = await open(browser, server, options)
    await signIn(page, hal)
    await page.getByRole('heading', { name: 'Set up a second factor first' }).waitFor()
    await assertGood(page, `second-factor-required-${look}`)
    await close()
  }
  await page.goto('/settings/users')
  assert.match(await page.locator('main').innerText(), /Required on this whole installation/)
  assert.equal(await page.getByRole('button', { name: 'Leave it' }).count(), 0)
})
