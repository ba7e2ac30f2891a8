/** The platform's floor: a function that reads nothing and says nothing. */
import { http } from '@google-cloud/functions-framework'

http('empty', (_req, res) => {
  res.json({})
})
