// The account page: own name, own password, own logins.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertGood, launch, LOOKS, openSignedIn, signIn } from '../support/browser.mjs'
import { startServer } from '../support/server.mjs'

const PASSWORD = 'seven purple lanterns'
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
let server, browser, window, page

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  browser = await launch()
  window = await openSignedIn(browser, server)
  page = window.page
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('somebody changes the own name', async () => {
  await page.getByRole('link', { name: 'Account' }).click()
  await page.getByLabel('Your name').fill('Ada King')
  await page.getByRole('button', { name: 'Change name' }).click()
  await page.getByText('Your name is changed.').waitFor()
  assert.equal(await page.locator('.who-user').textContent(), 'Ada King')
})

test('logins are listed in words and ended one by one, or all others', async () => {
  const [second, third, fourth] = await Promise.all([{ userAgent: FIREFOX }, {}, {}].map((options) => openSignedIn(browser, server, options)))
  await page.goto('/account')
  assert.equal(await logins().count(), 4)
  const first = await logins().first().innerText()
  assert.match(first, /Chrome on Linux\s+This one\s+127\.0\.0\.1 · since .* · last seen /)
  assert.equal(await logins().first().getByRole('button').count(), 0)
  await logins().filter({ hasText: 'Firefox on Linux' }).getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('Signed out there.').waitFor()
  assert.equal(await logins().count(), 3)
  assert.equal(await where(second), '/sign-in')
  assert.equal(await where(third), '/sessions')
  await page.goto('/account')
  await page.getByRole('button', { name: 'Sign out everywhere else' }).click()
  await page.getByText('Signed out there.').waitFor()
  assert.equal(await logins().count(), 1)
  assert.equal(await page.getByRole('button', { name: 'Sign out everywhere else' }).count(), 0)
  assert.deepEqual([await where(third), await where(fourth)], ['/sign-in', '/sign-in'])
  for (const { close } of [second, third, fourth]) await close()
})

test('a new password needs the old one and ends every other login', async () => {
  const other = await openSignedIn(browser, server)
  await page.goto('/account')
  for (const [old, password, again, said] of [
    ['wrong', PASSWORD, PASSWORD, /present password is wrong/],
    [server.password, PASSWORD, 'something else here', /differ/],
    [server.password, 'iloveyou123', 'iloveyou123', /first that are guessed/],
  ]) {
    await change(old, password, again)
    assert.match(await page.getByRole('alert').innerText(), said)
  }
  assert.equal(await where(other), '/sessions')
  await change(server.password, PASSWORD, PASSWORD)
  await page.getByText('Your password is changed.').waitFor()
  assert.equal(await where(other), '/sign-in')
  await signIn(other.page, server)
  await other.page.getByRole('alert').waitFor()
  await signIn(other.page, { email: server.email, password: PASSWORD })
  await other.page.waitForURL('**/sessions')
  await other.close()
})

test('no page says anything to the console', () => {
  assert.deepEqual(window.problems.filter((said) => !/status of 422/.test(said)), [])
})

for (const [look, options] of LOOKS) {
  test(`the page breaks neither accessibility nor its frame: ${look}`, async () => {
    const { page, close } = await openSignedIn(browser, { ...server, password: PASSWORD }, options)
    await page.getByRole('link', { name: 'Account' }).click()
    await page.getByRole('heading', { name: 'Account' }).waitFor()
    await assertGood(page, `account-${look}`)
    await close()
  })
}

const logins = () => page.locator('[data-login]')

async function change(old, password, again) {
  await page.getByLabel('Present password', { exact: true }).fill(old)
  await page.getByLabel('New password', { exact: true }).fill(password)
  await page.getByLabel('New password again').fill(again)
  const answer = page.waitForResponse((answer) => answer.request().method() === 'POST')
  await page.getByRole('button', { name: 'Change password' }).click()
  await answer
  await page.waitForLoadState()
}

async function where({ page }) {
  await page.goto('/sessions')
  return new URL(page.url()).pathname
}
