// The second factor: set up, asked for, taken once, reset. And guesses from everywhere, which slow nobody else down.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertGood, launch, LOOKS, open, openSignedIn, signIn } from '../support/browser.mjs'
import { startServer } from '../support/server.mjs'
import { createAdmin, runSql } from '../support/tenants.mjs'
import { codeOf } from '../support/totp.mjs'

let server, admin, browser, window, page, secret, recovery

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000', TRAINAR_SERVER__BEHIND_PROXY: 'true' })
  admin = createAdmin(server)
  browser = await launch()
  window = await openSignedIn(browser, server)
  page = window.page
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('a second factor is set up with the password and a code of the app', async () => {
  await page.goto('/account')
  await page.getByLabel('Present password, to set it up').fill('wrong')
  await page.getByRole('button', { name: 'Set up' }).click()
  assert.match(await page.getByRole('alert').innerText(), /present password is wrong/)
  await page.getByLabel('Present password, to set it up').fill(server.password)
  await page.getByRole('button', { name: 'Set up' }).click()
  await page.getByRole('heading', { name: 'Set up a second factor' }).waitFor()
  secret = (await page.locator('[data-secret]').innerText()).replaceAll(' ', '')
  const link = await page.locator('.qr').getAttribute('data-link')
  assert.equal(new URL(link).searchParams.get('secret'), secret)
  await confirm('000000')
  assert.match(await page.getByRole('alert').innerText(), /This is not the code/)
  await confirm(code())
  await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
  recovery = await page.locator('.recovery-codes li').allInnerTexts()
  assert.equal(new Set(recovery).size, 10)
  await page.getByRole('link', { name: 'I have kept them' }).click()
  assert.match(await page.locator('main').innerText(), /Recovery codes left: 10/)
})

test('signing in asks for a code, takes none twice, and remembers nothing of a half sign-in', async (t) => {
  const there = await open(browser, server)
  await signIn(there.page, server, '/sign-in?next=%2Fsessions%3Fstatus%3Dfailed')
  await there.page.getByRole('heading', { name: 'One more step' }).waitFor()
  await there.page.goto('/sessions')
  assert.equal(new URL(there.page.url()).pathname, '/sign-in', 'the password alone opens nothing')
  await signIn(there.page, server, '/sign-in?next=%2Fsessions%3Fstatus%3Dfailed')
  await answer(there.page, '123')
  assert.match(await there.page.getByRole('alert').innerText(), /This is not the code/)
  await answer(there.page, code())
  assert.match(await there.page.getByRole('alert').innerText(), /each is taken once/, 'the one by which it was set up')
  await answer(there.page, recovery[0].toUpperCase().replace('-', ' '))
  await there.page.waitForURL('**/sessions?status=failed')
  await there.close()

  const again = await open(browser, server)
  await signIn(again.page, server)
  await answer(again.page, recovery[0])
  assert.match(await again.page.getByRole('alert').innerText(), /This is not the code/, 'a recovery code is taken once')
  // As if half a minute had passed.
  if (!runSql(server, 'UPDATE second_factors SET last_step = 1;')) return t.skip('neither sqlite3 nor python3 is here')
  const now = code()
  await answer(again.page, now)
  await again.page.waitForURL('**/sessions')
  await again.page.goto('/account')
  assert.match(await again.page.locator('main').innerText(), /Recovery codes left: 9/)
  await again.close()

  const replayed = await open(browser, server)
  await signIn(replayed.page, server)
  await answer(replayed.page, now)
  assert.match(await replayed.page.getByRole('alert').innerText(), /each is taken once/)
  await replayed.close()
})

test('codes cannot be guessed: after twenty there is a wait, and not where one has signed in before', async () => {
  const mine = await open(browser, server)
  await signIn(mine.page, server)
  await answer(mine.page, recovery[1])
  await mine.page.waitForURL('**/sessions')
  await mine.page.getByRole('button', { name: 'Sign out' }).click()
  const there = await open(browser, server)
  await signIn(there.page, server)
  await there.page.getByRole('heading', { name: 'One more step' }).waitFor()
  const statuses = await there.page.evaluate(async () => {
    const statuses = []
    for (let i = 0; i < 21; i++) {
      const body = new URLSearchParams({ csrf_token: document.querySelector('[name=csrf_token]').value, code: String(100000 + i) })
      statuses.push((await fetch('/sign-in/code', { method: 'POST', body })).status)
    }
    return statuses
  })
  assert.equal(statuses.at(-1), 429)
  await there.close()

  await signIn(mine.page, server)
  await answer(mine.page, recovery[2])
  await mine.page.waitForURL('**/sessions')
  await mine.close()
})

test('an administrator resets a second factor, which ends every login', async () => {
  const grace = await openSignedIn(browser, { ...server, ...admin })
  await grace.page.goto('/settings/users')
  const row = grace.page.locator('tr[data-user]').filter({ hasText: server.email })
  assert.match(await row.innerText(), /Active\s+On/)
  await row.getByRole('link').click()
  await grace.page.getByRole('button', { name: 'Reset second factor' }).click()
  await grace.page.waitForLoadState()
  assert.equal(await grace.page.getByRole('button', { name: 'Reset second factor' }).count(), 0)
  await page.goto('/sessions')
  assert.equal(new URL(page.url()).pathname, '/sign-in')
  await signIn(page, server)
  await page.waitForURL('**/sessions')
  await grace.page.goto('/settings/audit?action=second_factor.reset')
  assert.match(await grace.page.locator('tbody').innerText(), /Grace\s+Reset a second factor: Ada/)
  await grace.close()
})

test('guesses from everywhere slow down strangers, and not who has signed in here before', async () => {
  const known = await openSignedIn(browser, { ...server, ...admin })
  await known.page.getByRole('button', { name: 'Sign out' }).click()
  await known.page.waitForURL('**/sign-in')
  let statuses = []
  for (let i = 0; i < 25; i++) statuses.push(await guess(admin.email, `10.0.${i}.1`))
  assert.deepEqual([statuses[0], statuses.at(-1)], [422, 429])
  assert.equal(await guess(server.email, '10.1.0.1'), 422, 'another account goes on')
  statuses = []
  for (let i = 0; i < 25; i++) statuses.push(await guess('nobody@example.org', `10.2.${i}.1`))
  assert.deepEqual([statuses[0], statuses.at(-1)], [422, 429], 'it tells not whether there is an account')

  await signIn(known.page, admin)
  await known.page.waitForURL('**/sessions')
  const stranger = await open(browser, server)
  await signIn(stranger.page, admin)
  assert.match(await stranger.page.getByRole('alert').innerText(), /Too many attempts/)
  const cookies = await known.context.cookies()
  const device = cookies.find(({ name }) => name.startsWith('trainar-device-'))
  assert.deepEqual([device.httpOnly, device.sameSite], [true, 'Lax'])
  const forged = { ...device, value: device.value.slice(0, -2) + (device.value.endsWith('AA') ? 'BB' : 'AA') }
  await stranger.context.addCookies([forged])
  await signIn(stranger.page, admin)
  assert.match(await stranger.page.getByRole('alert').innerText(), /Too many attempts/, 'a forged cookie is none')
  await stranger.close()
  await known.close()
})

for (const [look, options] of LOOKS) {
  test(`no page about the second factor breaks accessibility or its frame: ${look}`, async () => {
    const good = (page, name) => assertGood(page, `${name}-${look}`)
    const email = `u-${look}@example.org`
    server.trainar(['user', 'create', '--tenant', 'Acme', '--email', email, '--name', 'Uma', '--password-stdin'], server.password)
    const user = { ...server, email }
    const { page, close } = await openSignedIn(browser, user, options)
    await page.goto('/account')
    await page.getByLabel('Present password, to set it up').fill(server.password)
    await page.getByRole('button', { name: 'Set up' }).click()
    await page.getByRole('heading', { name: 'Set up a second factor' }).waitFor()
    await good(page, 'second-factor')
    secret = (await page.locator('[data-secret]').innerText()).replaceAll(' ', '')
    await page.getByLabel('Code of the app').fill(code())
    await page.getByRole('button', { name: 'Turn on' }).click()
    await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
    await good(page, 'recovery-codes')
    await page.getByRole('link', { name: 'I have kept them' }).click()
    await good(page, 'account-factor')
    const there = await open(browser, server, options)
    await signIn(there.page, user)
    await there.page.getByRole('heading', { name: 'One more step' }).waitFor()
    await good(there.page, 'sign-in-code')
    await there.close()
    await close()
  })
}

async function confirm(text) {
  await page.getByLabel('Code of the app').fill(text)
  const answer = page.waitForResponse((answer) => answer.request().method() === 'POST')
  await page.getByRole('button', { name: 'Turn on' }).click()
  await answer
  await page.waitForLoadState()
}

async function answer(page, text) {
  await page.getByLabel('Code', { exact: true }).fill(text)
  const answer = page.waitForResponse((answer) => answer.request().method() === 'POST')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await answer
  await page.waitForLoadState()
}

const code = () => codeOf(secret)

/** The status of a wrong guess from this address. */
async function guess(email, address) {
  const headers = { 'x-forwarded-for': address }
  const form = await fetch(`${server.url}/sign-in`, { headers })
  const cookie = form.headers.get('set-cookie').split(';')[0]
  const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(await form.text())[1]
  const body = new URLSearchParams({ email, password: 'a wrong guess', csrf_token })
  return (await fetch(`${server.url}/sign-in`, { method: 'POST', headers: { ...headers, cookie }, body, redirect: 'manual' })).status
}
