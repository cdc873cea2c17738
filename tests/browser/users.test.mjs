// Users: invited, with and without mail; links; roles; deactivated; new passwords.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { assertGood, LOOKS, open, openSignedIn, signIn } from '../support/browser.mjs'
import { dashboard } from '../support/dashboard.mjs'
import { startMailServer } from '../support/mail.mjs'
import { startServer } from '../support/server.mjs'
import { createAdmin, runSql } from '../support/tenants.mjs'

const PASSWORD = 'seven purple lanterns'
const OFTEN = { TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' }
const { server, admin, browser, window, page } = await dashboard()
let mail, mailing

after(async () => {
  await mailing?.stop()
  await mail?.stop()
})

test('without a mail server the link is shown once, sets a password once, and signs in', async () => {
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.getByRole('link', { name: 'Users', exact: true }).click()
  await invite(page, 'Bea Long', 'Bea@Example.org')
  const url = await page.getByLabel('Link, shown this once').inputValue()
  assert.match(url, new RegExp(`^${server.url}/set-password\\?token=[\\w-]{43}$`))
  assert.match(await row(page, 'Bea Long').innerText(), /bea@example\.org\s+Member\s+Invited\s+Link good until/)
  await page.goto('/settings/users')
  assert.equal(await page.locator('[data-made]').count(), 0, 'not shown again')

  const bea = await open(browser, server)
  await bea.page.goto(url)
  await bea.page.getByRole('heading', { name: 'Welcome, Bea Long' }).waitFor()
  for (const [password, again, said] of [
    ['password123', 'password123', /first that are guessed/],
    [PASSWORD, 'another thing here', /differ/],
  ]) {
    await bea.page.getByLabel('Password', { exact: true }).fill(password)
    await bea.page.getByLabel('Password again').fill(again)
    await bea.page.getByRole('button', { name: 'Set password' }).click()
    assert.match(await bea.page.getByRole('alert').innerText(), said)
  }
  await setPassword(bea.page, PASSWORD)
  assert.match(await bea.page.getByRole('status').innerText(), /Your password is set/)
  await signIn(bea.page, { email: 'bea@example.org', password: PASSWORD })
  await bea.page.waitForURL('**/sessions')
  await bea.page.goto(url)
  await bea.page.getByRole('heading', { name: 'This link has been used' }).waitFor()
  await bea.page.goto(`${server.url}/set-password?token=${'x'.repeat(43)}`)
  await bea.page.getByRole('heading', { name: 'This link does not work' }).waitFor()
  await page.reload()
  assert.match(await row(page, 'Bea Long').innerText(), /Member\s+Active\s+Off\s+\d+ \w{3} \d{4}, \d\d:\d\d/)

  await invite(page, 'Somebody else', 'bea@example.org')
  assert.match(await page.getByRole('alert').innerText(), /has a login already/)
  assert.equal(await page.getByLabel('Name').inputValue(), 'Somebody else', 'nobody types it twice')
  await bea.close()
})

test('a link that nobody uses expires, and a new one voids the old', async (t) => {
  await page.goto('/settings/users')
  await invite(page, 'Cy Late', 'cy@example.org')
  const first = await page.getByLabel('Link, shown this once').inputValue()
  await row(page, 'Cy Late').getByRole('link').click()
  await page.getByRole('button', { name: 'New invitation link' }).click()
  const second = await page.getByLabel('Link, shown this once').inputValue()
  const cy = await open(browser, server)
  await cy.page.goto(first)
  await cy.page.getByRole('heading', { name: 'This link does not work' }).waitFor()
  await cy.page.goto(second)
  await cy.page.getByRole('heading', { name: 'Welcome, Cy Late' }).waitFor()
  if (!runSql(server, 'UPDATE user_links SET expires_at = 1 WHERE used_at IS NULL;')) return t.skip('neither sqlite3 nor python3 is here')
  await cy.page.reload()
  await cy.page.getByRole('heading', { name: 'This link has expired' }).waitFor()
  await cy.close()
})

test('a role is changed and a user deactivated at once, but no last administrator and not oneself', async () => {
  const bea = await openSignedIn(browser, { ...server, email: 'bea@example.org', password: PASSWORD })
  await page.goto('/settings/users')
  await row(page, 'Bea Long').getByRole('link').click()
  await page.getByRole('combobox', { name: 'Role' }).selectOption('Administrator')
  await page.getByRole('button', { name: 'Change role' }).click()
  await bea.page.goto('/settings/users')
  await bea.page.getByRole('heading', { name: 'Users' }).waitFor()

  await row(bea.page, 'Bea Long').getByRole('link').click()
  await bea.page.getByText('This is you.').waitFor()
  const own = new URL(bea.page.url()).pathname
  const refused = await post(bea.page, `${own}/deactivate`)
  assert.equal(refused.status, 422)
  assert.match(refused.text, /you cannot take this from yourself/)
  await bea.page.goto('/settings/users')
  await row(bea.page, 'Grace').getByRole('link').click()
  const grace = new URL(bea.page.url()).pathname
  await bea.page.getByRole('combobox', { name: 'Role' }).selectOption('Member')
  await bea.page.getByRole('button', { name: 'Change role' }).click()
  await bea.page.waitForLoadState()
  assert.equal((await page.goto('/settings/users')).status(), 403, 'Grace is a member now')
  await bea.page.goto(grace)
  await bea.page.getByRole('combobox', { name: 'Role' }).selectOption('Administrator')
  await bea.page.getByRole('button', { name: 'Change role' }).click()
  await bea.page.waitForLoadState()

  await page.goto('/settings/users')
  await row(page, 'Bea Long').getByRole('link').click()
  await page.getByRole('button', { name: 'Deactivate' }).click()
  await page.getByRole('button', { name: 'Reactivate' }).waitFor()
  await bea.page.goto('/sessions')
  assert.equal(new URL(bea.page.url()).pathname, '/sign-in')
  await signIn(bea.page, { email: 'bea@example.org', password: PASSWORD })
  await bea.page.getByRole('alert').waitFor()
  await page.getByRole('button', { name: 'Reactivate' }).click()
  await page.getByRole('button', { name: 'Deactivate' }).waitFor()
  await signIn(bea.page, { email: 'bea@example.org', password: PASSWORD })
  await bea.page.waitForURL('**/sessions')
  await bea.close()
})

test('deactivation shuts out the devices of the user', async () => {
  assert.equal(await preflight(), 200)
  await page.goto('/settings/users')
  await row(page, 'Ada').getByRole('link').click()
  await page.getByRole('button', { name: 'Deactivate' }).click()
  await page.getByRole('button', { name: 'Reactivate' }).waitFor()
  assert.equal(await preflight(), 401)
  await page.getByRole('button', { name: 'Reactivate' }).click()
  await page.getByRole('button', { name: 'Deactivate' }).waitFor()
  assert.equal(await preflight(), 200)
})

test('an administrator makes a link for a new password, which ends every login', async () => {
  const bea = await openSignedIn(browser, { ...server, email: 'bea@example.org', password: PASSWORD })
  const there = await open(browser, server)
  await there.page.goto('/sign-in')
  await there.page.getByRole('link', { name: 'Forgot password?' }).click()
  await there.page.getByText('This server sends no mail. Ask an administrator').waitFor()
  await page.goto('/settings/users')
  await row(page, 'Bea Long').getByRole('link').click()
  await page.getByRole('button', { name: 'Make a link for a new password' }).click()
  await there.page.goto(await page.getByLabel('Link, shown this once').inputValue())
  await there.page.getByRole('heading', { name: 'Set a new password' }).waitFor()
  await setPassword(there.page, 'eight silver teapots')
  await bea.page.goto('/sessions')
  assert.equal(new URL(bea.page.url()).pathname, '/sign-in')
  await signIn(there.page, { email: 'bea@example.org', password: 'eight silver teapots' })
  await there.page.waitForURL('**/sessions')

  await page.goto('/settings/users')
  await row(page, 'Bea Long').getByRole('link').click()
  await page.getByRole('button', { name: 'Sign out everywhere' }).click()
  await page.waitForLoadState()
  await there.page.goto('/sessions')
  assert.equal(new URL(there.page.url()).pathname, '/sign-in')
  await there.close()
  await bea.close()
})

test('mail carries invitations and links for new passwords', async () => {
  mail = await startMailServer()
  mailing = await startServer({ ...OFTEN, ...mail.variables, TRAINAR_SERVER__PUBLIC_URL: 'http://trainar.test' })
  const grace = await openSignedIn(browser, { ...mailing, ...createAdmin(mailing) })
  await grace.page.goto('/settings/users')
  await invite(grace.page, 'Zoë Ångström', 'zoe@example.org')
  await grace.page.getByRole('heading', { name: 'Mail sent to zoe@example.org' }).waitFor()
  assert.equal(await grace.page.getByLabel('Link, shown this once').count(), 0)
  const invitation = await mail.next()
  assert.deepEqual(invitation.envelope, ['zoe@example.org'])
  assert.match(invitation.headers.from, /training@example\.org/)
  assert.equal(invitation.headers.subject, 'Your login for Acme')
  assert.match(invitation.text, /Hello Zoë Ångström[\s\S]*Grace invites you to Acme/)
  // No browser sends a line break in a name, and one would end the header that it stands in.
  const status = await grace.page.evaluate(async () => {
    const csrf_token = document.querySelector('[name=csrf_token]').value
    const body = new URLSearchParams({ csrf_token, full_name: 'Two\r\nBcc: x@example.org', email: 'two@example.org', role: 'member' })
    return (await fetch('/settings/users', { method: 'POST', body })).status
  })
  assert.equal(status, 200)
  const plain = await mail.next()
  assert.deepEqual(plain.envelope, ['two@example.org'])
  assert.match(plain.text, /Hello TwoBcc: x@example.org/)

  const zoe = await open(browser, mailing)
  await zoe.page.goto(link(invitation))
  await setPassword(zoe.page, PASSWORD)

  const answers = []
  for (const email of ['nobody@example.org', 'ZOE@example.org']) {
    await zoe.page.goto('/forgot-password')
    await zoe.page.getByLabel('Email').fill(email)
    await zoe.page.getByRole('button', { name: 'Send the link' }).click()
    await zoe.page.getByRole('heading', { name: 'Look into your mail' }).waitFor()
    answers.push(await zoe.page.locator('main').innerText())
  }
  assert.equal(answers[0], answers[1], 'the answer tells nothing')
  const reset = await mail.next()
  assert.deepEqual(reset.envelope, ['zoe@example.org'], 'the unknown address got none')
  await zoe.page.goto(link(reset))
  await setPassword(zoe.page, 'eight silver teapots')
  await signIn(zoe.page, { email: 'zoe@example.org', password: 'eight silver teapots' })
  await zoe.page.waitForURL('**/sessions')

  mail.state.refuse = true
  await grace.page.goto('/settings/users')
  await invite(grace.page, 'Yan', 'yan@example.org')
  assert.match(await grace.page.getByRole('alert').innerText(), /could not be sent: .*mailbox unavailable.* Hand over the link yourself/)
  assert.match(await grace.page.getByLabel('Link, shown this once').inputValue(), /^http:\/\/trainar\.test\/set-password/)
  await zoe.close()
  await grace.close()
})

test('no page says anything to the console', () => {
  // What was refused on purpose is told by the browser itself.
  assert.deepEqual(window.problems.filter((said) => !/status of (403|422)/.test(said)), [])
})

for (const [look, options] of LOOKS) {
  test(`no page about users breaks accessibility or its frame: ${look}`, async () => {
    const { page, close } = await openSignedIn(browser, { ...server, ...admin }, options)
    const good = (name) => assertGood(page, `${name}-${look}`)
    await page.goto('/settings/users')
    await good('users')
    await invite(page, 'Dee', `dee-${look}@example.org`)
    await good('users-invited')
    const url = await page.getByLabel('Link, shown this once').inputValue()
    await row(page, 'Bea Long').getByRole('link').click()
    await good('user')
    const guest = await open(browser, server, options)
    await guest.page.goto(url)
    await assertGood(guest.page, `set-password-${look}`)
    await guest.page.goto('/set-password?token=x')
    await assertGood(guest.page, `set-password-unknown-${look}`)
    await guest.page.goto('/forgot-password')
    await assertGood(guest.page, `forgot-${look}`)
    await guest.close()
    await close()
  })
}

const row = (page, name) => page.locator('tr[data-user]').filter({ has: page.getByRole('link', { name, exact: true }) })
const preflight = async () => (await fetch(`${server.url}/api/v1/preflight`, { headers: { authorization: `Bearer ${server.deviceToken}` } })).status

async function invite(page, name, email) {
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('Email').fill(email)
  await page.getByRole('button', { name: 'Invite' }).click()
  await page.locator('[data-made], [role=alert]').first().waitFor()
}

async function setPassword(page, password) {
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByLabel('Password again').fill(password)
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.waitForURL(/notice=password-set/)
}

/** The link of a mail, at the address where this server really is. */
const link = (mail) => /http:\/\/trainar\.test(\/set-password\?token=[\w-]{43})/.exec(mail.text)[1]

/** Sends a form as the page would, with its token. */
function post(page, path) {
  return page.evaluate(async (path) => {
    const body = new URLSearchParams({ csrf_token: document.querySelector('[name=csrf_token]').value })
    const answer = await fetch(path, { method: 'POST', body })
    return { status: answer.status, text: await answer.text() }
  }, path)
}
