// The page of a procedure, and the Dashboard by keyboard alone.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { launch, open, openSignedIn, playsOn } from '../support/browser.mjs'
import { record, recording, settled } from '../support/recordings.mjs'
import { startServer } from '../support/server.mjs'

let server, browser, session, procedures

before(async () => {
  server = await startServer({ TRAINAR_SERVER__SIGN_IN_ATTEMPTS_PER_MINUTE: '1000' })
  browser = await launch()
  session = await record(server, recording())
  assert.equal((await settled(server, session)).status, 'completed')
  const { page, close } = await openSignedIn(browser, server)
  await page.goto(`/sessions/${session.id}`)
  procedures = await page.locator('.procedures a').evaluateAll((links) => links.map((a) => ({ name: a.textContent, path: a.getAttribute('href') })))
  await close()
  assert.ok(procedures.length >= 3, JSON.stringify(procedures))
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('it plays its own clip, no more and no less', async () => {
  const { page, problems, close } = await openSignedIn(browser, server)
  let whole = 0
  for (const { name, path } of procedures) {
    await page.goto(path)
    assert.equal(await page.locator('h1').innerText(), name)
    await page.waitForFunction(() => document.querySelector('video').readyState > 0)
    const length = await page.evaluate(() => document.querySelector('video').duration)
    const [, told] = /(\d+)s$/.exec(await page.locator('.position').innerText())
    assert.ok(Math.abs((length % 60) - Number(told)) < 1.5, `${name}: ${length} s, told ${told}`)
    whole += length
  }
  assert.ok(whole < 122 + procedures.length, 'the clips are parts of the recording')
  await page.locator('[data-player]').press('k')
  await playsOn(page, 1)
  await page.getByRole('button', { name: 'Fullscreen' }).click()
  await page.waitForFunction(() => document.fullscreenElement?.matches('[data-player]'))
  assert.deepEqual(problems, [])
  await close()
})

test('it leads to its neighbours and back to its session', async () => {
  const { page, close } = await openSignedIn(browser, server)
  await page.goto(procedures[0].path)
  assert.match(await page.locator('.position').innerText(), new RegExp(`^Procedure 1 of ${procedures.length}`))
  assert.equal(await page.locator('[rel=prev]').count(), 0)
  await page.locator('[rel=next]').click()
  await page.waitForURL(`**${procedures[1].path}`)
  await page.locator('[rel=prev]').click()
  await page.waitForURL(`**${procedures[0].path}`)
  await page.getByRole('link', { name: session.name }).click()
  await page.waitForURL(`**/sessions/${session.id}`)
  await close()
})

test('its link can be shared with a colleague, who signs in first', async () => {
  const { page, close } = await openSignedIn(browser, server, { permissions: ['clipboard-read', 'clipboard-write'] })
  await page.goto(procedures[1].path)
  await page.getByRole('button', { name: 'Copy link' }).click()
  await page.locator('[data-copy-state]').getByText('Link copied').waitFor()
  const link = await page.evaluate(() => navigator.clipboard.readText())
  assert.equal(link, server.url + procedures[1].path)
  await close()
  const colleague = await open(browser, server)
  await colleague.page.goto(link)
  await colleague.page.getByLabel('Email').fill(server.email)
  await colleague.page.getByLabel('Password').fill(server.password)
  await colleague.page.keyboard.press('Enter')
  await colleague.page.waitForURL(link)
  assert.equal(await colleague.page.locator('h1').innerText(), procedures[1].name)
  await colleague.close()
})

test('from the sign-in to a playing clip without a mouse', async () => {
  const { page, close } = await open(browser, server)
  const focused = () => page.evaluate(() => (document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent).trim())
  const walkTo = async (name) => {
    for (let steps = 0; steps < 60; steps++) {
      await page.keyboard.press('Tab')
      const outline = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement)
        return style.outlineStyle !== 'none' || style.boxShadow !== 'none' || document.activeElement.matches('.row-link, video, .skip')
      })
      assert.ok(outline, `the focus can be seen on ${await focused()}`)
      if ((await focused()) === name) return
    }
    assert.fail(`${name} cannot be reached by Tab`)
  }
  await page.goto('/')
  await page.keyboard.type(server.email)
  await page.keyboard.press('Tab')
  await page.keyboard.type(server.password)
  await page.keyboard.press('Enter')
  await page.waitForURL('**/sessions')
  await page.keyboard.press('Tab')
  assert.equal(await focused(), 'Skip to content')
  await page.keyboard.press('Enter')
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main')
  await walkTo('Completed')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/sessions?status=completed')
  await walkTo(session.name)
  await page.keyboard.press('Enter')
  await page.waitForURL(`**/sessions/${session.id}`)
  await walkTo(`Recording of ${session.name}`)
  await walkTo(procedures[0].name)
  await page.keyboard.press('Enter')
  await page.waitForURL(`**${procedures[0].path}`)
  await walkTo(`Clip of ${procedures[0].name}`)
  await page.keyboard.press(' ')
  await playsOn(page, 0.5)
  await close()
})

test('the theme is chosen, kept, and said', async () => {
  const { page, close } = await openSignedIn(browser, server, { colorScheme: 'light' })
  const toggle = page.getByRole('button', { name: 'Dark theme' })
  const ink = () => page.evaluate(() => getComputedStyle(document.body).color)
  const light = await ink()
  assert.equal(await toggle.getAttribute('aria-pressed'), 'false')
  await toggle.click()
  await page.reload()
  assert.equal(await toggle.getAttribute('aria-pressed'), 'true')
  assert.notEqual(await ink(), light)
  await close()
})
