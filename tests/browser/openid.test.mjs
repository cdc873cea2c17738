// Sign-in by OpenID Connect: a real provider process, a real browser, and a provider that does not behave.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { assertGood, launch, LOOKS, open, openSignedIn, signIn } from '../support/browser.mjs'
import { providerSettings, startProvider } from '../support/openid.mjs'
import { freePort, PROGRAM, startServer } from '../support/server.mjs'
import { createAdmin } from '../support/tenants.mjs'
import { codeOf } from '../support/totp.mjs'

const BUTTON = 'Sign in with Acme ID'
const LIMITS = { TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' }
let server, port, provider, browser, admin, ada

const ACCOUNTS = {
  ada: { email: 'Ada@Example.org', email_verified: true, name: 'Ada of the provider' },
  grace: { email: 'grace@example.org', email_verified: true },
  unverified: { email: 'ada@example.org', email_verified: false },
  addressless: { name: 'Nobody' },
  mallory: { email: 'mallory@elsewhere.example', email_verified: true },
  impostor: { email: 'ada@example.org', email_verified: true },
}

before(async () => {
  port = await freePort()
  server = await startServer({ ...LIMITS, ...providerSettings(port) })
  admin = createAdmin(server)
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await provider?.stop()
  await server?.stop()
})

const heading = (page) => page.locator('h1').innerText()

/** From the sign-in page to the provider. */
async function leave(page, path = '/sign-in') {
  await page.goto(path)
  await page.getByRole('link', { name: BUTTON }).click()
}

/** All the way, as an account of the provider. */
async function arrive(page, account, path) {
  await leave(page, path)
  await page.getByLabel('Account').fill(account)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(`${server.url}/**`)
}

/** What a fresh browser is told that comes as this account. */
async function told(account) {
  const there = await open(browser, server)
  await arrive(there.page, account)
  const said = [await heading(there.page), await there.page.locator('.lead').innerText()]
  await there.page.goto('/sessions')
  assert.equal(new URL(there.page.url()).pathname, '/sign-in', 'it opens nothing')
  await there.close()
  return said
}

test('a server whose provider is away says so, and goes on once it is there', async () => {
  const there = await open(browser, server)
  await leave(there.page)
  assert.equal(await heading(there.page), 'The sign-in service does not answer')
  await signIn(there.page, server)
  await there.page.waitForURL('**/sessions', 'a password works all the same')
  await there.close()
  provider = await startProvider(port, `${server.url}/sign-in/openid/return`)
  await provider.accounts(ACCOUNTS)
  const again = await open(browser, server)
  for (let tries = 0; tries < 40; tries++) {
    await leave(again.page)
    if (again.page.url().includes('/interaction/')) break
    await again.page.waitForTimeout(250)
  }
  await again.page.getByLabel('Account').waitFor()
  await again.close()
})

test('somebody with a verified address is signed in and led on', async () => {
  ada = await open(browser, server)
  await arrive(ada.page, 'ada', '/sign-in?next=%2Fsessions%3Fstatus%3Dfailed')
  await ada.page.waitForURL('**/sessions?status=failed')
  assert.match(await ada.page.locator('.rail-who').innerText(), /Ada/, 'under the name of here')
  const grace = await openSignedIn(browser, { ...server, ...admin })
  await grace.page.goto('/settings/audit')
  const log = await grace.page.locator('tbody').innerText()
  assert.match(log, /Signed in[^]*by: OpenID Connect/)
  assert.match(log, /Linked to the sign-in provider[^]*provider: http:\/\/127/)
  await grace.close()
  assert.deepEqual(ada.problems, [])
})

test('who is not known, not verified, or known as somebody else is told what to do', async () => {
  assert.deepEqual((await told('mallory'))[0], 'You have no login here')
  assert.match((await told('mallory'))[1], /mallory@elsewhere.example/)
  assert.deepEqual((await told('unverified'))[0], 'Your address is not verified')
  assert.deepEqual((await told('addressless'))[0], 'Your address is not verified')
  assert.deepEqual((await told('impostor'))[0], 'Your login belongs to another account')
})

test('a provider that does not behave signs nobody in', async () => {
  const hour = 3600
  const now = Math.floor(Date.now() / 1000)
  for (const [mood, said] of [
    [{ claims: { nonce: 'another one' } }, /could not be verified/],
    [{ claims: { aud: 'somebody else' } }, /could not be verified/],
    [{ claims: { aud: ['trainar', 'somebody else'] } }, /could not be verified/],
    [{ claims: { iss: 'https://elsewhere.example' } }, /could not be verified/],
    [{ key: 'strange' }, /could not be verified/],
    [{ claims: { exp: now - hour } }, /clocks do not agree/],
    [{ claims: { iat: now + hour, exp: now + 2 * hour } }, /clocks do not agree/],
    [{ token: 500 }, /does not answer/],
  ]) {
    await provider.mood(mood)
    assert.match((await told('ada'))[0], said, JSON.stringify(mood))
  }
  // What it shows in the ID token itself is taken from there; keys that have changed are asked for again.
  await provider.mood({ claims: ACCOUNTS.ada, key: 'second', jwks: 'second' })
  const there = await open(browser, server)
  await arrive(there.page, 'ada')
  await there.page.waitForURL('**/sessions')
  await there.close()
  await provider.mood({})
  await arrive((await open(browser, server)).page, 'ada')
})

test('no is no, and an answer is taken once, by the browser that asked', async () => {
  const there = await open(browser, server)
  await leave(there.page)
  await there.page.getByRole('button', { name: 'Cancel' }).click()
  await there.page.getByRole('heading', { name: 'The sign-in was stopped' }).waitFor()
  await there.page.getByRole('link', { name: BUTTON }).click()
  await there.page.getByLabel('Account').fill('ada')
  const back = there.page.waitForRequest((request) => request.url().includes('/sign-in/openid/return'))
  await there.page.getByRole('button', { name: 'Continue' }).click()
  const answer = (await back).url()
  await there.page.waitForURL('**/sessions')

  // Again in the same browser, and in another one.
  const elsewhere = await open(browser, server)
  for (const { page } of [there, elsewhere]) {
    await page.goto(answer)
    assert.equal(await heading(page), 'This sign-in was not begun here')
  }
  // The answer to one sign-in is none to another.
  await leave(elsewhere.page)
  await elsewhere.page.getByLabel('Account').waitFor()
  await elsewhere.page.goto(answer)
  assert.equal(await heading(elsewhere.page), 'This sign-in was not begun here')
  await elsewhere.page.goto('/sessions')
  assert.equal(new URL(elsewhere.page.url()).pathname, '/sign-in')
  // A code that is made up, under the right state.
  await leave(elsewhere.page)
  const [cookie] = await elsewhere.context.cookies(server.url)
  assert.equal(cookie.sameSite, 'Lax')
  await elsewhere.close()
  const made = await open(browser, server)
  const asked = made.page.waitForRequest((request) => request.url().includes('/auth?'))
  await leave(made.page)
  const query = new URL((await asked).url()).searchParams
  assert.equal(query.get('code_challenge_method'), 'S256')
  assert.ok(query.get('nonce').length > 15 && query.get('state').length > 15)
  await made.page.goto(`/sign-in/openid/return?code=made-up&state=${query.get('state')}`)
  assert.equal(await heading(made.page), 'The sign-in took too long')
  await leave(made.page)
  await made.close()
  await there.close()
})

test('signing out everywhere, deactivating and unlinking hold for it, too', async () => {
  await ada.page.goto('/account')
  assert.equal(await ada.page.locator('[data-login]').count() >= 2, true)
  await ada.page.getByRole('button', { name: 'Sign out everywhere else' }).click()
  await ada.page.waitForLoadState()
  assert.equal(await ada.page.locator('[data-login]').count(), 1)

  const grace = await openSignedIn(browser, { ...server, ...admin })
  await grace.page.goto('/settings/users')
  await grace.page.locator('tr[data-user]').filter({ hasText: server.email }).getByRole('link').click()
  assert.match(await grace.page.locator('.facts').innerText(), /Linked since/)
  await grace.page.getByRole('button', { name: 'Unlink' }).click()
  await grace.page.waitForLoadState()
  assert.equal(await grace.page.getByRole('button', { name: 'Unlink' }).count(), 0)
  const renewed = await open(browser, server)
  await arrive(renewed.page, 'impostor')
  await renewed.page.waitForURL('**/sessions', 'the address is his now')
  await grace.page.getByRole('button', { name: 'Deactivate' }).click()
  await grace.page.waitForLoadState()
  for (const { page } of [ada, renewed]) {
    await page.goto('/sessions')
    assert.equal(new URL(page.url()).pathname, '/sign-in')
  }
  assert.equal((await told('impostor'))[0], 'Your login is switched off')
  await grace.page.goto('/settings/audit?action=user.sign_in_failed')
  assert.match(await grace.page.locator('tbody').innerText(), /Sign-in failed: Ada[^]*why: deactivated/)
  await grace.close()
  await renewed.close()
})

test('a second factor of here is asked for, and who has no password sets one up all the same', async () => {
  server.trainar(['tenant', 'create', '--name', 'Newcomers'])
  await server.crash()
  const join = { TRAINAR_OPENID__JOIN_TENANT: 'Newcomers', TRAINAR_OPENID__JOIN_DOMAINS: 'elsewhere.example' }
  await server.restart({ ...LIMITS, ...providerSettings(port), ...join })
  const there = await open(browser, server)
  await arrive(there.page, 'mallory')
  await there.page.waitForURL('**/sessions')
  assert.match(await there.page.locator('.rail-who').innerText(), /Newcomers\s+mallory@elsewhere.example/)
  await there.page.goto('/settings/users')
  assert.equal(await heading(there.page), 'Only administrators can open this page')
  await there.page.goto('/account')
  assert.match(await there.page.locator('main').innerText(), /have no password here/)
  await there.page.getByRole('button', { name: 'Set up' }).click()
  const secret = await there.page.locator('[data-secret]').innerText()
  await there.page.getByLabel('Code of the app').fill(codeOf(secret))
  await there.page.getByRole('button', { name: 'Turn on' }).click()
  const code = await there.page.locator('.recovery-codes li').first().innerText()
  await there.close()

  const again = await open(browser, server)
  await arrive(again.page, 'mallory', '/sign-in?next=%2Faccount')
  await again.page.getByRole('heading', { name: 'One more step' }).waitFor()
  await again.page.getByLabel('Code', { exact: true }).fill(code)
  await again.page.getByRole('button', { name: 'Sign in' }).click()
  await again.page.waitForURL('**/account')
  await again.close()
  const wrong = await open(browser, server)
  await signIn(wrong.page, { email: ACCOUNTS.mallory.email, password: '!' })
  assert.match(await wrong.page.getByRole('alert').innerText(), /do not match/, 'no password is none that fits')
  await wrong.close()
})

for (const [name, look] of LOOKS) {
  test(`the pages of it are good: ${name}`, async () => {
    const { page, close } = await open(browser, server, look)
    await page.goto('/sign-in')
    await assertGood(page, `sign-in-provider-${name}`)
    await page.goto('/sign-in/openid/return')
    await assertGood(page, `sign-in-problem-${name}`)
    await close()
  })
}

test('the doctor asks the provider', async () => {
  const doctor = (on) => {
    const env = { PATH: process.env.PATH, TRAINAR_DATA_DIR: server.dataDir, ...providerSettings(on) }
    return spawnSync(PROGRAM, ['doctor'], { env, encoding: 'utf8' }).stdout
  }
  assert.match(doctor(port), /ok +openid +http:\/\/127\S+ answers, with 1 keys/)
  assert.match(doctor(await freePort()), /FAIL +openid/)
})
