import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createByteCollector } from '../../shared/http/byte-collector.ts'

test('returns all bytes in order, for pieces of any size', () => {
  const piece = fc.integer({ min: 0, max: 5_000 }).map((length) => Buffer.alloc(length, length))
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      const collector = createByteCollector()
      for (const one of pieces) collector.add(one)
      expect(collector.take().equals(Buffer.concat(pieces))).toBe(true)
      expect(collector.take()).toHaveLength(0)
    }),
  )
})

test('needs about as much memory as the bytes, even for pieces of one byte', () => {
  const collector = createByteCollector()
  const used = () => process.memoryUsage().heapUsed + process.memoryUsage().external
  const before = used()
  for (let count = 0; count < 2_000_000; count++) collector.add(Buffer.from([count % 256]))
  // 2 million Buffers need more than 500 MB.
  expect(used() - before).toBeLessThan(200_000_000)
  expect(collector.take()).toHaveLength(2_000_000)
})
