// Every page in every state: its exact words, nothing that does not belong there, and no error on it.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertAccessible, launch, LOOKS, open, openSignedIn, shoot, signIn } from '../support/browser.mjs'
import { startGallery } from '../support/gallery.mjs'
import { secondTenant } from '../support/tenants.mjs'

const NO_RECORDING = 'No recording was captured for this session'
const NO_PROCEDURES = 'No procedures extracted for this session'
const NO_SUMMARY = 'Summary not provided by Training App.'
const PROCEDURES_LATER = 'Procedures appear here as soon as the session is processed.'
const SUMMARY_LATER = 'The summary appears here as soon as the session is processed.'

let server, rival, sessions, tasks, browser, window, page

before(async () => {
  ;({ server, sessions, tasks } = await startGallery())
  rival = secondTenant(server)
  browser = await launch()
  window = await openSignedIn(browser, server)
  page = window.page
})
after(async () => {
  await browser?.close()
  await server?.stop()
})

test('a completed session has exactly the parts of the product, in its order', async (t) => {
  if (!tasks.elsewhere) return t.skip('neither sqlite3 nor python3 is here to make a task')
  await show(sessions.completed)
  assert.equal(await text('header h1'), 'Replace the circulation pump, 14 Quay Street')
  assert.equal(await text('header .badge'), 'Completed')
  assert.deepEqual(await page.locator('header dt').allInnerTexts(), ['User', 'Seat ID', 'Total duration', 'Started', 'Completed'])
  const [user, seat, duration, started, completed] = await page.locator('header dd').allInnerTexts()
  assert.deepEqual([user, duration], ['Ada', '2m 02s'])
  assert.match(seat, /^[0-9A-F]{8}$/)
  for (const time of [started, completed]) assert.match(time, /^\d{1,2} \w{3} \d{4}, \d{2}:\d{2}$/)
  assert.deepEqual(await page.locator('main h2').allInnerTexts(), ['Video Recording', 'Procedures', 'Session Summary', 'Linked Task'])
  const boxes = Object.fromEntries(await Promise.all(['recording', 'procedures', 'summary', 'task'].map(async (part) => [part, await page.locator(`[data-part=${part}]`).boundingBox()])))
  assert.ok(boxes.recording.x < boxes.procedures.x, 'the video is left of the procedures')
  assert.ok(boxes.procedures.x === boxes.summary.x && boxes.procedures.y < boxes.summary.y, 'the summary is below them')
  assert.ok(boxes.task.y > boxes.summary.y && boxes.task.x === boxes.recording.x, 'the task is below both columns')
  assert.match(await text('[data-part=summary] .score-number'), /^\d{1,3} \/ 100$/)
  assert.match(await text('[data-part=summary] > .prose'), /\w+ procedures/)
  assert.ok((await page.locator('ol.procedures > li').count()) >= 3)
  assert.match(await text('[data-part=task]'), /Replace the circulation pump, 14 Quay Street\s+jobber\s+JOB-2041\s+In Progress\s+View Task/)
  const view = page.getByRole('link', { name: 'View Task' })
  assert.equal(await view.getAttribute('href'), 'https://secure.getjobber.example/jobs/2041')
  assert.equal(await view.getAttribute('rel'), 'noopener noreferrer')
})

test('what is not on this page', async () => {
  for (const session of Object.values(sessions)) {
    await show(session)
    const here = page.locator('main')
    for (const role of ['tab', 'tablist', 'table', 'textbox', 'checkbox', 'combobox', 'form']) {
      assert.equal(await here.getByRole(role).count(), 0, role)
    }
    assert.equal(await here.locator('form, input, textarea, select, [contenteditable]').count(), 0)
    const buttons = await here.getByRole('button').allInnerTexts()
    assert.ok(buttons.every((name) => name === 'Fullscreen'), `${buttons}`)
    assert.ok((await here.locator('video').count()) <= 1, 'the recording is the only video')
    assert.doesNotMatch(await here.innerText(), /approve|reject|transcript|export|download|skills? called|edit|publish|marketplace/i)
    const links = await here.getByRole('link').evaluateAll((all) => all.map((a) => a.getAttribute('href')))
    for (const link of links) assert.match(link, /^\/(procedures|tasks)\/[0-9a-f-]{36}$|^https:\/\/secure\.getjobber\.example\//)
  }
})

/** Session, badge and the line beside it, why it failed, what stands in the video's place, then the two cards. */
const STATES = {
  running: ['In Progress', 'Recording', null, 'The session is still running. Its recording appears here once it has uploaded.', PROCEDURES_LATER, SUMMARY_LATER],
  notSent: ['In Progress', 'Uploading', null, 'The recording is still uploading.', PROCEDURES_LATER, SUMMARY_LATER],
  uploading: ['In Progress', 'Uploading 63%', null, 'The recording is still uploading: 63% so far.', PROCEDURES_LATER, SUMMARY_LATER],
  waiting: ['In Progress', 'Waiting to be processed', null, 'The recording has arrived and is waiting to be processed.', PROCEDURES_LATER, SUMMARY_LATER],
  processing: ['In Progress', 'Processing 2 of 9: transcribing', null, null, PROCEDURES_LATER, SUMMARY_LATER],
  noRecording: ['Failed', null, 'The session was stopped before any video was recorded.', NO_RECORDING, NO_PROCEDURES, NO_SUMMARY],
  noProcedures: ['Failed', null, 'No piece of work could be recognised in the recording. A voice is heard from 0:00 to 0:10 (the whole recording), but no word of it could be understood.', null, NO_PROCEDURES, NO_SUMMARY],
  unreadable: ['Failed', null, /^Processing stopped with an error\. .* not a readable recording/, 'This recording cannot be played', NO_PROCEDURES, NO_SUMMARY],
  silent: ['Failed', null, /^The session ended abnormally/, NO_RECORDING, NO_PROCEDURES, NO_SUMMARY],
}
for (const [state, [badge, beside, failure, video, procedures, summary]] of Object.entries(STATES)) {
  test(`the words of a session: ${state}`, async () => {
    await show(sessions[state])
    assert.equal(await text('header .badge'), badge)
    assert.equal(await text('header [data-progress]'), beside)
    const said = await text('header .notice')
    if (failure instanceof RegExp) assert.match(said, failure)
    else assert.equal(said, failure)
    if (video) assert.equal(await text('.no-video'), video)
    assert.equal(await text('[data-part=procedures] .card-empty'), procedures)
    assert.equal(await text('[data-part=summary] .card-empty'), summary)
    assert.equal(await page.locator('[data-part=task]').count(), 0, 'no task, no card')
    if (state === 'uploading') assert.equal(await page.locator('progress').getAttribute('value'), '63')
  })
}

test('a recording that arrived is watched whatever became of it', async () => {
  await show(sessions.noProcedures)
  await page.waitForFunction(() => document.querySelector('video').readyState > 0)
  assert.equal(await page.getByRole('button', { name: 'Fullscreen' }).isVisible(), true)
})

test('a task without a page of its own elsewhere has one here', async (t) => {
  if (!tasks.here) return t.skip('neither sqlite3 nor python3 is here to make a task')
  await show(sessions.taskHere)
  await page.getByRole('link', { name: 'View Task' }).click()
  await page.waitForURL(`**/tasks/${tasks.here}`)
  assert.equal(await text('h1'), 'Annual service, 3 Mill Lane')
  assert.match(await text('main'), /manual\s+HH-77\s+In Progress/)
})

test('what is not there has a page, too', async () => {
  for (const path of ['/sessions/nonsense', '/sessions/01a1fe6f-415b-73f9-afab-5443e3a82ad6', '/procedures/1', '/tasks/1', '/nowhere']) {
    const answer = await page.goto(path)
    assert.equal(answer.status(), 404, path)
    assert.equal(await page.getByRole('link', { name: 'Sessions', exact: true }).count(), 1, `${path} keeps the frame of who is signed in`)
  }
  window.problems.length = 0
})

test('no page says anything to the console', async () => {
  for (const path of pages()) {
    await page.goto(path)
    await page.waitForLoadState('load')
  }
  assert.deepEqual(window.problems, [])
})

for (const [look, options] of LOOKS) {
  test(`no page breaks accessibility or its frame: ${look}`, async () => {
    const outside = await open(browser, server, options)
    await outside.page.goto('/sign-in')
    await assertGood(outside.page, 'sign-in', look)
    await signIn(outside.page, { email: rival.email, password: 'wrong' })
    await outside.page.getByRole('alert').waitFor()
    await assertGood(outside.page, 'sign-in-refused', look)
    await signIn(outside.page, rival)
    await outside.page.getByRole('heading', { name: 'No sessions yet' }).waitFor()
    await assertGood(outside.page, 'list-empty', look)
    await outside.close()
    const inside = await openSignedIn(browser, server, options)
    const named = [['list', '/sessions'], ['list-none-match', '/sessions?status=completed&role=trainee&before=1.01a1fe6f-415b-73f9-afab-5443e3a82ad6'], ['not-found', '/nowhere']]
    // Those that differ from these only in a word are left out.
    const { notSent, waiting, taskHere, ...distinct } = sessions
    for (const [name, session] of Object.entries(distinct)) named.push([`session-${name}`, `/sessions/${session.id}`])
    for (const [name, id] of Object.entries(tasks)) named.push([`task-${name}`, `/tasks/${id}`])
    for (const [name, path] of named) {
      await inside.page.goto(path)
      await assertGood(inside.page, name, look)
    }
    await inside.page.goto(`/sessions/${sessions.completed.id}`)
    await inside.page.locator('ol.procedures a').first().click()
    await inside.page.waitForURL('**/procedures/*')
    await assertGood(inside.page, 'procedure', look)
    await inside.close()
  })
}

async function assertGood(page, name, look) {
  await page.evaluate(() => document.fonts.ready)
  await shoot(page, `${name}-${look}`)
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - globalThis.innerWidth)
  assert.ok(overflow <= 0, `${name} (${look}) is ${overflow} px too wide`)
  await assertAccessible(page, `${name} (${look})`)
}

function pages() {
  const details = Object.values(sessions).map((session) => `/sessions/${session.id}`)
  return ['/sessions', '/sessions?status=completed', ...details, ...Object.values(tasks).map((id) => `/tasks/${id}`)]
}

function show(session) {
  return page.goto(`/sessions/${session.id}`)
}

/** The words of the only element of its kind; `null` when there is none. */
async function text(selector) {
  const found = page.locator(selector)
  return (await found.count()) === 0 ? null : (await found.innerText()).trim()
}
