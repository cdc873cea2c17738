// Settings, Audit log: what is noted, filters, who may read it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertGood, LOOKS, open, openSignedIn, signIn } from '../support/browser.mjs'
import { dashboard } from '../support/dashboard.mjs'
import { runSql } from '../support/tenants.mjs'

const { server, admin, browser, window, page } = await dashboard()

test('what people and devices do is noted with its time and address', async () => {
  const other = await open(browser, server)
  await signIn(other.page, { email: server.email, password: 'a wrong one' })
  await other.page.getByRole('alert').waitFor()
  await signIn(other.page, server)
  await other.page.getByRole('button', { name: 'Sign out' }).click()
  await other.page.waitForURL('**/sign-in')
  await other.close()

  await page.goto('/settings/seats')
  await page.getByLabel('Engineer', { exact: true }).selectOption('Ada')
  await page.getByRole('button', { name: 'Add seat' }).click()
  await page.locator('tr[data-seat]').last().getByRole('button', { name: 'Pair' }).click()
  const code = await page.locator('[data-code]').innerText()
  const body = JSON.stringify({ code, model: 'Vuzix M400', serial: 'X123' })
  const paired = await fetch(`${server.url}/api/v1/pair`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  assert.equal(paired.status, 201)
  await page.goto('/settings/seats')
  await page.locator('tr[data-seat]').last().getByRole('link', { name: 'Revoke' }).click()
  await page.getByRole('button', { name: 'Revoke' }).click()
  await page.waitForURL('**/settings/seats')

  await page.getByRole('link', { name: 'Audit log' }).click()
  const rows = (await page.locator('tbody tr').allInnerTexts()).map((row) => row.replaceAll(/\s+/g, ' ').replace(/^\d+ \w{3} \d{4}, \d\d:\d\d /, ''))
  assert.ok(rows.at(-1).startsWith('Operator Command line Created the organisation'), rows.at(-1))
  assert.deepEqual(rows.filter((row) => !row.startsWith('Operator')), [
    'Grace Revoked a device: Vuzix M400 · serial: X123 127.0.0.1',
    'Vuzix M400 Device Paired a device: Ada · serial: X123 127.0.0.1',
    'Grace Opened a pairing code: Ada 127.0.0.1',
    'Grace Added a seat: Ada · role: Trainer 127.0.0.1',
    'Ada Signed out 127.0.0.1',
    'Ada Signed in 127.0.0.1',
    'Somebody Sign-in failed: Ada 127.0.0.1',
    'Grace Signed in 127.0.0.1',
  ])
  assert.match(await page.locator('tbody time').first().getAttribute('title'), /^\d+ \w{3} \d{4}, \d\d:\d\d:\d\d UTC$/)
})

test('the log is narrowed by name, action and day', async () => {
  await page.goto('/settings/audit')
  await page.getByLabel('Who').fill('ada')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.waitForURL('**who=ada**')
  assert.equal(await page.locator('tbody tr').count(), 2)
  await page.getByLabel('What').selectOption('Signed in')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.waitForURL('**action=user.signed_in**')
  assert.equal(await page.locator('tbody tr').count(), 1)
  await page.getByLabel('To').fill('2020-01-01')
  await page.getByRole('button', { name: 'Show', exact: true }).click()
  await page.getByRole('heading', { name: 'Nothing like this was noted' }).waitFor()
  await page.getByRole('link', { name: 'Show everything' }).click()
  assert.equal(await page.locator('tbody tr:not(:has-text("Operator"))').count(), 8)
})

test('a long log is read by pages', async (t) => {
  const more = `INSERT INTO audit_entries SELECT randomblob(16), tenant_id, at - 1000000 * n, actor_kind, actor_id, 'Earlier', action, NULL, NULL, NULL, '{}', NULL
    FROM (SELECT * FROM audit_entries LIMIT 1), (WITH RECURSIVE c(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM c WHERE n < 60) SELECT n FROM c);`
  if (!runSql(server, more)) return t.skip('neither sqlite3 nor python3 is here')
  await page.goto('/settings/audit')
  assert.equal(await page.locator('tbody tr').count(), 50)
  await page.getByRole('link', { name: 'Older' }).click()
  await page.waitForURL('**before=**')
  assert.equal(await page.locator('tbody tr').count(), 23)
  assert.equal(await page.getByRole('link', { name: 'Older' }).count(), 0)
  await page.getByRole('link', { name: 'Newest' }).click()
  await page.waitForURL('**/settings/audit')
})

test('the log can be neither changed nor emptied, even by who holds the database', (t) => {
  for (const sql of ['DELETE FROM audit_entries;', "UPDATE audit_entries SET actor_name = 'X';"]) {
    try {
      if (!runSql(server, sql)) return t.skip('neither sqlite3 nor python3 is here')
    } catch (error) {
      assert.match(error.message, /append-only/)
      continue
    }
    assert.fail(`${sql} was taken`)
  }
})

test('a member does not read it', async () => {
  const member = await openSignedIn(browser, server)
  assert.equal((await member.page.goto('/settings/audit')).status(), 403)
  await member.close()
})

test('no page says anything to the console', () => assert.deepEqual(window.problems, []))

for (const [look, options] of LOOKS) {
  test(`the log breaks neither accessibility nor its frame: ${look}`, async () => {
    const { page, close } = await openSignedIn(browser, { ...server, ...admin }, options)
    await page.goto('/settings/audit')
    await assertGood(page, `audit-${look}`)
    await page.goto('/settings/audit?who=nobody')
    await assertGood(page, `audit-none-${look}`)
    await close()
  })
}
