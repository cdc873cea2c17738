// Reports, Minutes: what is left, what was used, adding and adjusting, the ledger as a file, and /capture without minutes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertGood, LOOKS, openSignedIn } from '../support/browser.mjs'
import { dashboard } from '../support/dashboard.mjs'
import { call } from '../support/server.mjs'

const { server, admin, browser, page } = await dashboard()

const set = (minutes) => server.trainar(['tenant', 'set', '--tenant', 'Acme', '--included-minutes', minutes])

/** A session that began so long ago and ran so long. */
async function ran(secondsAgo, seconds) {
  const { id } = await call(server, 'POST', '/api/v1/sessions', { started_seconds_ago: secondsAgo })
  await call(server, 'POST', `/api/v1/sessions/${id}/stop`, { parts: 1, at_seconds: seconds })
}

test('where minutes are not counted the report shows what was used', async () => {
  await page.getByRole('link', { name: 'Reports' }).click()
  await page.getByText('No usage data for this period').waitFor()
  await page.getByText('Not counted', { exact: true }).waitFor()
  await ran(900, 750)
  await page.reload()
  await page.locator('.figures').getByText('12m 30s').waitFor()
  assert.equal(await page.locator('svg rect.bar-other').count(), 2, 'a bar and its legend')
  assert.equal(await page.getByRole('button', { name: 'Save' }).count(), 0)
})

test('minutes are added and taken away with a reason, and a slip changes nothing', async () => {
  set('10')
  await page.goto('/reports/minutes')
  assert.match(await page.locator('.figures').innerText(), /Remaining\s+10 min\s+Included\s+10 min\s+left of 10 each month\s+Purchased\s+0 min/)
  const fill = async (what, minutes, reason) => {
    await page.getByLabel('What').selectOption({ label: what })
    await page.getByLabel('Minutes', { exact: true }).fill(minutes)
    await page.getByLabel('Reason').fill(reason)
    await page.getByRole('button', { name: 'Save' }).click()
  }
  await fill('Add a pack', '30', 'Invoice 2026-118')
  await page.locator('[data-cause=pack]').waitFor()
  assert.match(await page.locator('.figures').innerText(), /Remaining\s+40 min/)
  await fill('Adjust (negative takes away)', '-41', 'Added twice')
  await page.getByRole('alert').getByText('Only 40 minutes are left; take away at most as many. Nothing was changed.').waitFor()
  assert.equal(await page.getByLabel('Reason').inputValue(), 'Added twice', 'what was typed stays')
  await page.getByLabel('Minutes', { exact: true }).fill('-15')
  await page.getByRole('button', { name: 'Save' }).click()
  const row = page.locator('[data-cause=by_hand]')
  await row.waitFor()
  assert.match((await row.innerText()).replaceAll(/\s+/g, ' '), /Adjusted by hand · Added twice Grace −15m 00s$/)
  assert.match(await page.locator('.figures').innerText(), /Remaining\s+25 min\s+Included\s+0 min/)
  await ran(3000, 1560)
  await page.goto('/reports/minutes?period=last-30-days')
  assert.match(await page.locator('.figures').innerText(), /Remaining\s+0 min[\s\S]*Used\s+38m 30s[\s\S]*13m 30s of it not charged/)
  await page.getByText('No minutes left. Consider purchasing more minutes.').waitFor()
  await page.getByText('Show as a table').click()
  assert.match((await page.locator('.chart-table tbody tr').innerText()).replaceAll(/\s+/g, ' '), /38m 30s — 25m 00s 13m 30s$/)
  await page.goto('/settings/audit')
  await page.getByText('minutes: 30.0').first().waitFor()
})

test('the report is good at every width and in both themes, and for a member', async () => {
  for (const [look, options] of LOOKS) {
    const shown = await openSignedIn(browser, { ...server, ...admin }, options)
    await shown.page.goto('/reports/minutes?period=last-30-days')
    await assertGood(shown.page, `minutes-${look}`)
    await shown.close()
  }
  const member = await openSignedIn(browser, server)
  await member.page.goto('/reports/minutes')
  await member.page.getByRole('heading', { name: 'Ledger' }).waitFor()
  assert.equal(await member.page.getByRole('button', { name: 'Save' }).count(), 0)
  const refused = await member.page.request.post('/reports/minutes', { form: { what: 'pack', minutes: '9', reason: 'me' } })
  assert.equal(refused.status(), 403)
  await member.close()
})

test('the ledger comes as a file that a spreadsheet can read', async () => {
  const answer = await page.request.get('/reports/minutes.csv?period=last-30-days')
  assert.match(answer.headers()['content-disposition'], /^attachment; filename="minutes-\d{4}-\d\d-\d\d-\d{4}-\d\d-\d\d\.csv"$/)
  const [head, ...rows] = (await answer.text()).trim().split(/\r?\n/)
  assert.equal(head, 'time,kind,cause,seconds,included_seconds,purchased_seconds,counted,session_id,session_name,period,reason,user')
  assert.equal(rows.length, 6)
  const seconds = rows.map((row) => row.split(',')).filter((row) => row[6] === 'true').reduce((sum, row) => sum + Number(row[3]), 0)
  assert.equal(seconds, 0, 'the balance is the sum of what is counted')
  assert.match(rows.join('\n'), /adjusted,by_hand,-900,-600,-300,true,,,,Added twice,Grace/)
})
