// Signing in and out, in the browser and by what a program could try in its place.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, open, openSignedIn, signIn } from '../support/browser.mjs'
import { startServer } from '../support/server.mjs'

const ATTEMPTS = 2
let server, browser

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  browser = await launch()
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('a page asks for a sign-in and is shown after it', async () => {
  const { page, context, problems, close } = await open(browser, server)
  await page.goto('/sessions?status=failed&role=trainer')
  assert.equal(new URL(page.url()).pathname, '/sign-in')
  assert.equal(await page.title(), 'Sign in · TrainAR')
  await page.getByLabel('Email').fill(server.email)
  await page.getByLabel('Password').fill(server.password)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/sessions?status=failed&role=trainer')
  const [cookie] = await context.cookies()
  assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, 'Lax', '/'])
  assert.ok(cookie.expires > Date.now() / 1000 + 6 * 24 * 3600, 'it lasts for days')
  assert.equal(await page.evaluate(() => document.cookie), '', 'no script reads the cookie')
  await page.goto('/')
  assert.equal(new URL(page.url()).pathname, '/sessions')
  await page.goto('/sign-in')
  assert.equal(new URL(page.url()).pathname, '/sessions', 'who is signed in has no use for the form')
  assert.deepEqual(problems, [])
  await close()
})

test('a wrong password is refused without telling what was wrong', async () => {
  const { page, close } = await open(browser, server)
  const said = []
  for (const [email, password] of [[server.email, 'wrong'], ['nobody@example.org', server.password]]) {
    await signIn(page, { email, password }, '/sign-in?next=%2Fsessions%3Fstatus%3Dfailed')
    said.push(await page.getByRole('alert').innerText())
    assert.equal(await page.getByLabel('Email').inputValue(), email, 'the address is not typed twice')
    assert.equal(await page.getByLabel('Password').inputValue(), '')
    assert.equal(await page.evaluate(() => document.activeElement.id), 'password')
  }
  assert.equal(said[0], 'That email and password do not match. Check both and try again.')
  assert.equal(said[1], said[0])
  await page.getByLabel('Email').fill(server.email.toUpperCase())
  await page.getByLabel('Password').fill(server.password)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/sessions?status=failed')
  await close()
})

test('signing out ends the login for good', async () => {
  const { page, context, close } = await openSignedIn(browser, server)
  const before = await context.cookies()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL('**/sign-in')
  await context.clearCookies()
  await context.addCookies(before)
  await page.goto('/sessions')
  assert.equal(new URL(page.url()).pathname, '/sign-in', 'the old cookie is worth nothing')
  await close()
})

test('a cookie from before the sign-in is worth nothing after it', async () => {
  const { page, context, close } = await open(browser, server)
  await page.goto('/sign-in')
  const [planted] = await context.cookies()
  await signIn(page, server)
  await page.waitForURL('**/sessions')
  const [own] = await context.cookies()
  assert.notEqual(own.value, planted.value)
  const answer = await fetch(`${server.url}/sessions`, { headers: { cookie: `${planted.name}=${planted.value}` }, redirect: 'manual' })
  assert.equal(answer.status, 303)
  await close()
})

test('a form from elsewhere does nothing', async () => {
  const form = await fetch(`${server.url}/sign-in`)
  const cookie = form.headers.get('set-cookie').split(';')[0]
  const post = (path, fields, headers = { cookie }) =>
    fetch(server.url + path, { method: 'POST', headers, body: new URLSearchParams(fields), redirect: 'manual' })
  const right = { email: server.email, password: server.password }
  for (const [fields, headers] of [
    [right],
    [{ ...right, csrf_token: '' }],
    [{ ...right, csrf_token: 'made-up' }],
    [{ ...right, csrf_token: token(await form.text()) }, {}],
  ]) {
    const answer = await post('/sign-in', fields, headers)
    assert.equal(answer.status, 403, JSON.stringify(fields))
    assert.match(await answer.text(), /This form was open for too long\. Sign in again\./)
  }
  const { page, close } = await openSignedIn(browser, server)
  await page.evaluate(() => document.querySelector('[name=csrf_token]').setAttribute('value', 'made-up'))
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.goto('/sessions')
  assert.equal(new URL(page.url()).pathname, '/sessions', 'still signed in')
  await close()
})

test('signing in leads to no other site', async () => {
  for (const next of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
    const { page, close } = await open(browser, server)
    await signIn(page, server, `/sign-in?next=${encodeURIComponent(next)}`)
    await page.waitForURL(`${server.url}/sessions`)
    await close()
  }
})

test('behind TLS the cookie is bound to the host and to TLS', async () => {
  const secure = await startServer({ TRAINAR_SERVER__TLS: 'true' })
  try {
    const answer = await fetch(`${secure.url}/sign-in`)
    assert.match(answer.headers.get('set-cookie'), /^__Host-trainar=[^;]+;.*\bSecure\b/)
    assert.match(answer.headers.get('strict-transport-security'), /max-age=\d{8}/)
  } finally {
    await secure.stop()
  }
})

test('whoever guesses has to wait, and even the right password does not help then', async () => {
  const limited = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: String(ATTEMPTS) })
  const { page, close } = await open(browser, limited)
  try {
    for (let i = 0; i < ATTEMPTS; i++) await signIn(page, { email: limited.email, password: `guess ${i}` })
    const refused = page.waitForResponse((answer) => answer.request().method() === 'POST')
    await signIn(page, limited)
    const answer = await refused
    assert.equal(answer.status(), 429)
    assert.ok(Number(answer.headers()['retry-after']) >= 1)
    assert.match(await page.getByRole('alert').innerText(), /^Too many attempts\. Wait 1 minute, then try again\.$/)
  } finally {
    await close()
    await limited.stop()
  }
})

const token = (html) => /name="csrf_token" value="([^"]+)"/.exec(html)[1]
