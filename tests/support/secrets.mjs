// What the server has logged must hold no secret.

/** Passwords that tests give to the program, and what only a hash or a second factor begins with. */
const GIVEN = [
  'correct horse battery',
  'quite another secret',
  'an administrator too',
  'a trainee too',
  'seven purple lanterns',
  'mail secret',
  '$argon2',
  'otpauth:',
]

/** The first line that holds a password of the tests, or a word that only random bytes make: base64 of 32 or more. */
export const secretIn = (log) => log.split('\n').find((line) => GIVEN.some((secret) => line.includes(secret)) || (line.match(/[\w-]{43,}/g) ?? []).some(isRandom))

const isRandom = (word) => [/[A-Z]/, /[a-z]/, /[0-9]/].every((kind) => kind.test(word.slice(-43)))
