/**
 * The floor of the platform: a function that reads nothing. JavaScript, as a deployed function is, with
 * the ending `.mjs`, because functions-framework starts a function that ends in `.js` 50 ms later.
 */
import { http } from '@google-cloud/functions-framework'

http('empty', (_req, res) => {
  res.json({})
})
