// A published client of tus that shares no code with tus-js-client, against the real program: tuspy, in Python.

import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startProxy } from '../support/proxy.mjs'
import { caption, recording, settled, start, stop } from '../support/recordings.mjs'
import { startServer } from '../support/server.mjs'

// Debian's own, which has its package python3-tuspy.
const PYTHON = '/usr/bin/python3'
const SCRIPT = fileURLToPath(new URL('tuspy.py', import.meta.url))
const missing = spawnSync(PYTHON, ['-c', 'import tusclient']).status !== 0
let server, folder

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'trainar-tuspy-'))
  server = await startServer()
})
after(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('tuspy goes on after its connection was cut, and the session can be played', async (t) => {
  if (missing) {
    if (process.env.TRAINAR_TEST_REQUIRE_ALL === '1') throw new Error('python3-tuspy is missing')
    console.error('SKIPPED: python3-tuspy is missing')
    return t.skip('python3-tuspy is missing')
  }
  const bytes = recording()
  const file = join(folder, 'recording.mp4')
  writeFileSync(file, bytes)
  const session = await start(server)
  await caption(server, session)
  const proxy = await startProxy(server.port)
  try {
    proxy.cutAfter(bytes.length / 2)
    const broken = await upload(proxy.url, session, file)
    assert.equal(proxy.state.cuts, 1)
    assert.notEqual(broken.code, 0, 'it was not interrupted')
    const resumed = await upload(proxy.url, session, file)
    assert.equal(resumed.code, 0, resumed.stderr)
    const from = Number(resumed.stdout)
    assert.ok(from > 0 && from < bytes.length, `it went on at ${resumed.stdout}`)
    assert.ok(proxy.state.passed < bytes.length * 1.5, `${proxy.state.passed} of ${bytes.length} bytes passed`)
  } finally {
    await proxy.stop()
  }
  await stop(server, session)
  const done = await settled(server, session)
  assert.equal(done.status, 'completed', JSON.stringify(done))
})

function upload(base, session, file) {
  const args = [SCRIPT, base, session.upload_url, server.deviceToken, file, join(folder, 'uploads.json')]
  return new Promise((done) =>
    execFile(PYTHON, args, (error, stdout, stderr) => done({ code: error ? (error.code ?? 1) : 0, stdout, stderr })),
  )
}
