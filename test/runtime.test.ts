import t from 'tap'
import { InfomotionError } from '#lib/runtime/errors.js'
import { expectInteger, expectOptions } from '#lib/runtime/expect.js'
import { Random } from '#lib/runtime/random.js'

t.test('random: the stream that C++ draws too', async (t) => {
  const random = new Random(7, 1, 2) // native/test/runtime_test.cc checks the same numbers
  t.same([random.next(), random.next(), random.next()], [3249063809, 972576544, 79745540])
})

t.test('random: streams named by words differ, below() stays below', async (t) => {
  t.not(new Random(1, 'a').next(), new Random(1, 'b').next())
  const random = new Random(1)
  const seen = new Set(Array.from({ length: 1000 }, () => random.below(7)))
  t.same([...seen].sort(), [0, 1, 2, 3, 4, 5, 6])
  t.equal(new Set(random.sample(50, 20)).size, 20)
})

t.test('arguments: one message form, and typos are refused with the nearest name', async (t) => {
  t.throws(() => expectInteger('x', 'k', 1, 9), {
    code: 'INVALID_ARGUMENT',
    message: 'Expected an integer between 1 and 9 for k but received "x" of type string.',
  })
  t.throws(() => expectOptions({ polyn: 5 }, 'farneback', ['polyN']), { message: /Did you mean "polyN"/ })
  t.ok(new InfomotionError('X', 'y') instanceof Error)
})
