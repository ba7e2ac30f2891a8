/** The floor of the platform: a function that reads nothing. JavaScript, as a deployed function is. */
import { http } from '@google-cloud/functions-framework'

http('empty', (_req, res) => {
  res.json({})
})
