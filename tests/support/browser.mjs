// A real Chromium before the Dashboard: signs in, remembers what went wrong on a page, checks accessibility, takes pictures.

import assert from 'node:assert/strict'
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { chromium } from 'playwright-core'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
]
export const DESKTOP = { width: 1440, height: 900 }
export const PHONE = { width: 390, height: 844 }

const look = (size, viewport, colorScheme) => [`${size}-${colorScheme}`, { viewport, colorScheme, bypassCSP: true, reducedMotion: 'reduce' }]
/**
 * How every page is looked at: name and Playwright's options. Colours do not depend on the width nor frames on the
 * colours, so two are enough, except for pictures.
 */
export const LOOKS = [
  look('phone', PHONE, 'light'),
  look('desktop', DESKTOP, 'dark'),
  ...(process.env.TRAINAR_TEST_SHOTS ? [look('phone', PHONE, 'dark'), look('desktop', DESKTOP, 'light')] : []),
]

/** Starts the browser of this machine: TRAINAR_TEST_CHROMIUM, or `chromium` on the PATH; with more switches if given. */
export const launch = (...switches) => chromium.launch({ executablePath: executable(), args: [...ARGUMENTS, ...switches] })

/**
 * A window with cookies of its own. `window.problems` gathers what no page may do: errors, refusals by the
 * Content-Security-Policy, failed requests. `options` are Playwright's.
 */
export async function open(browser, server, { viewport = DESKTOP, ...options } = {}) {
  const context = await browser.newContext({ baseURL: server.url, viewport, ...options })
  context.setDefaultTimeout(40_000)
  const problems = []
  context.on('weberror', (error) => problems.push(String(error.error())))
  context.on('console', (said) => {
    if (said.type() === 'error' || said.type() === 'warning') problems.push(`${said.text()} ${said.location().url}`)
  })
  context.on('response', (answer) => answer.status() >= 500 && problems.push(`${answer.status()} ${answer.url()}`))
  const page = await context.newPage()
  return { context, page, problems, close: () => context.close() }
}

/** Signs in by the form. */
export async function signIn(page, { email, password }, path = '/sign-in') {
  await page.goto(path)
  await page.getByLabel('Email').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** A window in which somebody is signed in. */
export async function openSignedIn(browser, server, options) {
  const window = await open(browser, server, options)
  await signIn(window.page, server)
  await window.page.waitForURL('**/sessions')
  return window
}

/** Fails with what axe-core finds wrong on the page. Needs a window with `bypassCSP`: axe is a script from elsewhere. */
export async function assertAccessible(page, where) {
  await page.evaluate(AXE)
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ['violations'] }))
  const found = violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 200)} ${n.failureSummary}`).join('; ')}`)
  assert.deepEqual(found, [], `axe-core on ${where}`)
}

/** Writes a picture of the whole page into TRAINAR_TEST_SHOTS, if that is set. */
export async function shoot(page, name) {
  const folder = process.env.TRAINAR_TEST_SHOTS
  if (!folder) return
  mkdirSync(folder, { recursive: true })
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
}

/** Takes a picture of the page, and fails where it is wider than the window or axe-core finds something. */
export async function assertGood(page, name) {
  await page.evaluate(() => document.fonts.ready)
  await shoot(page, name)
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - globalThis.innerWidth)
  assert.ok(overflow <= 0, `${name} is ${overflow} px too wide`)
  await assertAccessible(page, name)
}

/** Resolves once `video` has played on for so many seconds. */
export async function playsOn(page, seconds = 1) {
  const from = await page.evaluate(() => document.querySelector('video').currentTime)
  await page.waitForFunction(
    (to) => {
      const video = document.querySelector('video')
      return !video.paused && !video.error && video.currentTime >= to
    },
    from + seconds,
  )
}

function executable() {
  if (process.env.TRAINAR_TEST_CHROMIUM) return process.env.TRAINAR_TEST_CHROMIUM
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
      try {
        accessSync(join(folder, name), constants.X_OK)
        return join(folder, name)
      } catch {
        // Not here.
      }
    }
  }
  throw new Error('no chromium on the PATH; install it, or set TRAINAR_TEST_CHROMIUM')
}
