// Operator access: a link that is good once, a banner while it lasts, looking only, and everything in the tenant's audit log.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertGood, launch, LOOKS, open, openSignedIn } from '../support/browser.mjs'
import { record, recording, settled } from '../support/recordings.mjs'
import { startServer } from '../support/server.mjs'
import { createAdmin, runSql, secondTenant } from '../support/tenants.mjs'

let server, browser, admin, session, rival, operator, access

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  admin = createAdmin(server)
  browser = await launch()
  session = await record(server, recording(10), { about: { name: 'Boiler service' } })
  await settled(server, session)
  rival = secondTenant(server)
  admin.window = await openSignedIn(browser, { ...server, ...admin })
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

const heading = (page) => page.locator('h1').innerText()
const grant = (tenant = 'Acme', reason = 'case 4711: video does not play') => {
  const made = JSON.parse(server.trainar(['operator', 'access', '--tenant', tenant, '--reason', reason, '--minutes', '30', '--json']))
  return { ...made, path: new URL(made.link).pathname + new URL(made.link).search }
}
const list = () => JSON.parse(server.trainar(['operator', 'list', '--json']))

test('there is no access without a reason, and none for ever', () => {
  for (const args of [['--reason', '  '], ['--reason', 'x'.repeat(501)], ['--reason', 'case', '--minutes', '1441'], []]) {
    assert.throws(() => server.trainar(['operator', 'access', '--tenant', 'Acme', ...args]), /reason|minutes/)
  }
  assert.deepEqual(list(), [])
})

test('a link is good once; what it opens has a banner, and changes nothing', async () => {
  access = grant()
  operator = await open(browser, server)
  const { page } = operator
  await page.goto(access.path)
  assert.match(await page.locator('main').innerText(), /Look at Acme as operator[^]*Reason: case 4711: video does not play/)
  await page.reload()
  await page.getByRole('button', { name: 'Begin' }).click()
  await page.waitForURL('**/sessions')
  for (const path of ['/sessions', `/sessions/${session.id}`, '/settings/users', '/reports/minutes', '/nowhere']) {
    await page.goto(path)
    assert.match(await page.locator('.operator-banner').innerText(), /You look at Acme as operator until [^]*Reason: case 4711/, path)
  }
  const elsewhere = await open(browser, server)
  await elsewhere.page.goto(access.path)
  assert.equal(await heading(elsewhere.page), 'This link was used')
  await elsewhere.page.goto(`${access.path.slice(0, -2)}xx`)
  assert.equal(await heading(elsewhere.page), 'There is no such access')
  await elsewhere.close()

  await page.goto('/account')
  assert.equal(await heading(page), 'An operator only looks')
  await page.goto('/settings/users')
  const tried = await page.evaluate(async () => {
    const csrf_token = document.querySelector('[name=csrf_token]').value
    const tried = []
    for (const path of ['/settings/users', '/settings/api-keys', '/settings/second-factor', '/settings/seats', '/tasks/new', '/account/name', '/reports/minutes', '/settings/webhooks']) {
      const body = new URLSearchParams({ csrf_token, email: 'x@example.org', full_name: 'X', role: 'admin', name: 'x', scope: 'users:read', title: 'x' })
      tried.push((await fetch(path, { method: 'POST', body })).status)
    }
    return tried
  })
  assert.deepEqual([...new Set(tried)], [403])
  await page.goto('/settings/users')
  assert.equal(await page.getByText('x@example.org').count(), 0)
})

test('it reaches no other organisation, and its addresses of videos are short-lived', async () => {
  const theirs = await (await fetch(`${server.url}/api/v1/sessions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${rival.deviceToken}`, 'content-type': 'application/json' },
    body: '{"name":"A secret of the rival"}',
  })).json()
  const { page } = operator
  await page.goto(`/sessions/${theirs.id}`)
  assert.equal(await heading(page), 'Page not found')
  const media = await page.evaluate((id) => fetch(`/sessions/${id}/media`).then((answer) => answer.json()), session.id)
  assert.ok(media.expires_in_seconds <= 120, `${media.expires_in_seconds}`)
  assert.equal((await fetch(server.url + media.recording)).status, 200)
})

test('the tenant reads what was looked at, sees a banner, and ends it', async () => {
  const { page } = admin.window
  await page.goto('/settings/audit?action=operator_access.seen')
  const seen = await page.locator('tbody').innerText()
  assert.match(seen, /Operator\s+Looked as operator: Boiler service[^]*127\.0\.0\.1/)
  assert.match(seen, /Boiler service[^]*what: video/)
  assert.match(seen, /Looked as operator: \/settings\/users/)
  assert.doesNotMatch(seen, /secret of the rival/)
  await page.goto('/settings/audit?action=operator_access.begun')
  assert.match(await page.locator('tbody').innerText(), /Began access as operator[^]*reason: case 4711/)
  const banner = page.locator('.operator-banner')
  assert.match(await banner.innerText(), /is looking at your data until [^]*case 4711/)
  // A member is not asked; another organisation is not concerned.
  for (const who of [server, { ...server, ...rival }]) {
    const other = await openSignedIn(browser, who)
    assert.equal(await other.page.locator('.operator-banner').count(), 0)
    await other.close()
  }
  await banner.getByRole('button', { name: 'End access' }).click()
  await page.waitForURL('**/settings/audit')
  assert.equal(await page.locator('.operator-banner').count(), 0)
  assert.match(await page.locator('tbody').innerText(), /Grace\s+Ended access of the operator/)
  await operator.page.goto('/sessions')
  assert.equal(new URL(operator.page.url()).pathname, '/sign-in')
  await operator.page.goto(access.path)
  assert.equal(await heading(operator.page), 'This access is over')
  assert.deepEqual(list().map(({ state, tenant }) => `${tenant} ${state}`), ['Acme over'])
})

test('it ends by signing out, by command, and by itself', async (t) => {
  const begin = async (access) => {
    const there = await open(browser, server)
    await there.page.goto(access.path)
    await there.page.getByRole('button', { name: 'Begin' }).click()
    await there.page.waitForURL('**/sessions')
    return there
  }
  const first = await begin(grant())
  await first.page.locator('.operator-banner').getByRole('button', { name: 'End access' }).click()
  await first.page.waitForURL('**/sign-in')
  await first.close()
  const second = grant()
  const there = await begin(second)
  assert.equal(list()[0].state, 'in use')
  server.trainar(['operator', 'end', second.access_id])
  assert.throws(() => server.trainar(['operator', 'end', second.access_id]), /over already/)
  await there.page.goto('/sessions')
  assert.equal(new URL(there.page.url()).pathname, '/sign-in')
  await there.close()

  const third = grant('Acme', 'case 3')
  const late = await begin(third)
  // As if half an hour had passed.
  if (!runSql(server, `UPDATE operator_accesses SET created_at = 1, until = ${Date.now() * 1000} WHERE ended_at IS NULL;`)) return t.skip('neither sqlite3 nor python3 is here')
  await late.page.goto('/sessions')
  assert.equal(new URL(late.page.url()).pathname, '/sign-in')
  await late.close()
  const { page } = admin.window
  for (let tries = 0; tries < 40; tries++) {
    await page.goto('/settings/audit?action=operator_access.ended')
    if (/TrainAR\s+Ended access/.test(await page.locator('tbody').innerText())) break
    await page.waitForTimeout(250)
  }
  assert.match(await page.locator('tbody').innerText(), /TrainAR\s+Ended access of the operator[^]*case 3/)
})

for (const [name, look] of LOOKS) {
  test(`its pages are good: ${name}`, async () => {
    const there = await open(browser, server, look)
    await there.page.goto(grant().path)
    await assertGood(there.page, `operator-${name}`)
    await there.page.getByRole('button', { name: 'Begin' }).click()
    await there.page.waitForURL('**/sessions')
    await assertGood(there.page, `operator-sessions-${name}`)
    await there.close()
    const grace = await openSignedIn(browser, { ...server, ...admin }, look)
    await assertGood(grace.page, `operator-seen-${name}`)
    await grace.close()
  })
}
