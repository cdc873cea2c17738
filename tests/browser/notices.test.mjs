// What an organisation says about being recorded: set by an administrator, shown, spoken and accepted at /capture.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertGood, openSignedIn } from '../support/browser.mjs'
import { launchWithCamera, openPhone, pretendToListen } from '../support/capture.mjs'
import { startServer } from '../support/server.mjs'
import { createAdmin } from '../support/tenants.mjs'

const NOTICE = 'Please note: picture and sound are recorded from now on, for training. Say so if you do not want this.'
let server, browser, office

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  browser = await launchWithCamera()
  office = await openSignedIn(browser, { ...server, ...createAdmin(server) }, { bypassCSP: true, reducedMotion: 'reduce' })
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

/** Saves a text; without one what is suggested. */
async function save(label, text) {
  const { page } = office
  await page.goto('/settings/privacy')
  const field = page.getByLabel(label)
  if (text !== undefined) await field.fill(text)
  await field.locator('xpath=ancestor::form').getByRole('button', { name: 'Save' }).click()
  await page.waitForURL('**/settings/privacy#notices')
}

test('the wearer agrees first, and whoever is there sees and hears the notice', async () => {
  const phone = await openPhone(browser, server, { paired: false })
  await phone.context.addInitScript(pretendToListen)
  const { pairingCode } = await import('../support/tenants.mjs')
  await save('Recording notice')
  await save('Consent of the wearer', 'I agree to be recorded.\nI can stop at any time.')
  await office.page.goto('/settings/privacy')
  await office.page.getByText('not accepted at any seat yet').waitFor()
  await assertGood(office.page, 'notices')

  const { page } = phone
  await page.goto(`/capture#pair=${pairingCode(server)}`)
  await phone.show('ready')
  await page.getByText('I agree to be recorded.').filter({ visible: true }).waitFor()
  const start = page.getByRole('button', { name: 'Start training session' })
  assert.ok(await start.isDisabled())
  await phone.tap('I agree')
  await page.getByText('I agree to be recorded.').waitFor({ state: 'hidden' })
  await page.getByText(NOTICE).filter({ visible: true }).waitFor()
  await phone.tap('Start training session')
  await phone.records(1)
  await page.locator('section[data-screen=recording]').getByText(NOTICE).waitFor()
  const spoken = await page.evaluate(() => globalThis.spoken)
  assert.ok(spoken.indexOf(NOTICE) >= 0 && spoken.indexOf(NOTICE) < spoken.indexOf('Recording'), spoken.join(' | '))
  await phone.tap('Stop training session')
  await page.getByText('Delivered').filter({ visible: true }).waitFor()

  // Without a network the texts are those of before; once the office has changed one, it is asked for again.
  await phone.tap('New session')
  assert.ok(await start.isEnabled())
  await save('Consent of the wearer', 'I agree to be recorded, always.')
  await page.reload()
  await page.getByText('I agree to be recorded, always.').filter({ visible: true }).waitFor({ timeout: 40_000 })
  assert.ok(await start.isDisabled())
  await save('Consent of the wearer', '')
  await save('Recording notice', '')
  await page.reload()
  await page.getByText('I agree to be recorded, always.').waitFor({ state: 'hidden', timeout: 40_000 })
  await start.and(page.locator(':enabled')).waitFor()
  assert.equal(await page.getByText(NOTICE).filter({ visible: true }).count(), 0)
  await phone.close()

  await office.page.goto('/settings/audit')
  const log = await office.page.locator('main').innerText()
  assert.match(log, /Agreed to be recorded/)
  assert.match(log, /Changed what is said about being recorded/)
})
