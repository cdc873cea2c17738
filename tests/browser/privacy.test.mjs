// Settings, Privacy: how long recordings are kept, legal holds, erasing.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertGood, launch, LOOKS, openSignedIn } from '../support/browser.mjs'
import { record, recording, settled } from '../support/recordings.mjs'
import { startServer } from '../support/server.mjs'
import { createAdmin, runSql } from '../support/tenants.mjs'

let server, admin, browser, window, page, session, other

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  admin = createAdmin(server)
  browser = await launch()
  window = await openSignedIn(browser, { ...server, ...admin })
  page = window.page
  const film = recording(12)
  ;[session, other] = [await record(server, film), await record(server, film)]
  for (const each of [session, other]) await settled(server, each)
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('an age is set after a look at what it would remove, and what is too old goes', async () => {
  await page.goto('/settings/privacy')
  await page.getByLabel('Clips, days').fill('0')
  await page.getByLabel('Clips, days').evaluate((field) => field.form.noValidate = true)
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  await page.getByRole('alert').getByText('give whole days').waitFor()
  await page.getByLabel('Clips, days').fill('')
  await page.getByLabel('Recordings, days').fill('7')
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  await page.getByText('No session has reached this age').waitFor()
  await page.getByRole('link', { name: 'Leave it as it is' }).click()
  assert.equal(await page.getByLabel('Recordings, days').inputValue(), '')
  runSql(server, `UPDATE sessions SET last_heartbeat_at = last_heartbeat_at - 8 * 86400000000 WHERE hex(id) = '${session.id.replaceAll('-', '').toUpperCase()}';`)
  await page.getByLabel('Recordings, days').fill('7')
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  await page.getByText('removed now of 1 session').waitFor()
  await page.getByRole('button', { name: 'Change and remove' }).click()
  await page.getByLabel('Recordings, days').waitFor()
  assert.equal(await page.getByLabel('Recordings, days').inputValue(), '7')
  // Without the page being loaded again: it follows what happens.
  await page.goto(`/sessions/${session.id}`)
  await page.getByText('The recording was removed on').waitFor({ timeout: 100_000 })
  assert.equal(await page.locator('video').count(), 0)
  await page.goto(`/sessions/${other.id}`)
  await page.locator('video').waitFor()
})

test('what is held cannot be erased, and is once the hold is lifted and the password given', async () => {
  await page.goto('/settings/privacy')
  await page.getByLabel('Address or id of a session').fill('the boiler')
  await page.getByLabel('Reason').fill('Claim 48/26')
  await page.getByRole('button', { name: 'Place a hold' }).click()
  await page.getByText('Give the address of a session').waitFor()
  await page.getByLabel('Address or id of a session').fill(`${server.url}/sessions/${other.id}`)
  await page.getByRole('button', { name: 'Place a hold' }).click()
  await page.getByText('Claim 48/26').waitFor()
  const look = async (what) => {
    await page.getByLabel('Session (address or id)').fill(what)
    await page.getByRole('button', { name: 'Show what would go' }).click()
  }
  await look(other.id)
  await page.getByText('Nothing was erased: a legal hold stands on this').waitFor()
  await page.getByRole('link', { name: 'Lift' }).click()
  await page.getByRole('button', { name: 'Lift' }).click()
  await page.getByText('Nothing is held.').waitFor()
  await look('nobody@example.org')
  await page.getByText('there is no such session and no such user').waitFor()
  await look(admin.email)
  await page.getByText('you cannot take this from yourself').waitFor()
  await look(other.id)
  assert.match(await page.locator('[data-goes]').innerText(), /1 session\n[\s\S]*files of picture, sound and words/)
  await page.getByLabel('Your present password').fill('not that')
  await page.getByRole('button', { name: 'Erase for good' }).click()
  await page.getByText('The present password is wrong').waitFor()
  await page.getByLabel('Your present password').fill(admin.password)
  await page.getByRole('button', { name: 'Erase for good' }).click()
  await page.locator('#erasures').getByText(other.id).waitFor()
  assert.equal((await page.goto(`/sessions/${other.id}`)).status(), 404)
  for (const end = Date.now() + 90_000; Date.now() < end && !(await page.getByRole('link', { name: 'Download the record' }).count()); ) {
    // As if the quarter of an hour was over.
    runSql(server, 'UPDATE erasures SET not_before = 0 WHERE sweeps > 0;')
    await page.waitForTimeout(500)
    await page.goto('/settings/privacy')
  }
  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Download the record' }).click()
  const file = await (await download).path()
  assert.match(server.trainar(['erase', 'verify', file]), new RegExp(`signed by this installation[\\s\\S]*${other.id}`))
  await page.goto('/settings/audit')
  const log = await page.locator('main').innerText()
  for (const act of ['Placed a legal hold', 'Lifted a legal hold', 'Erased data', 'Changed how long recordings are kept', 'Removed what had reached its age']) {
    assert.match(log, new RegExp(act))
  }
})

test('the pages say nothing to the console', () => {
  assert.deepEqual(window.problems.filter((problem) => !/422|404/.test(problem)), [])
})

for (const [name, look] of LOOKS) {
  test(`no page breaks accessibility or its frame: ${name}`, async () => {
    const { page, close } = await openSignedIn(browser, { ...server, ...admin }, look)
    const good = (what) => assertGood(page, `${what}-${name}`)
    await page.goto('/settings/privacy')
    await page.getByLabel('Address or id of a session').fill(session.id)
    await page.getByLabel('Reason').fill('a claim '.repeat(40))
    await page.getByRole('button', { name: 'Place a hold' }).click()
    await good('privacy')
    await page.getByRole('link', { name: 'Lift' }).click()
    await good('privacy-lift')
    await page.getByRole('button', { name: 'Lift' }).click()
    await page.getByLabel('Clips, days').fill('1')
    await page.getByRole('button', { name: 'Change', exact: true }).click()
    await good('privacy-retention')
    await page.goto(`/settings/privacy/erase?what=${session.id}`)
    await good('erase')
    await page.goto(`/sessions/${session.id}`)
    await good('session-aged')
    await close()
  })
}
