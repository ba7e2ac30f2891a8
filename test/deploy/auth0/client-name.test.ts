import { describe, expect, test } from 'vitest'
import { showClientName } from '../../../deploy/auth0/client-name.ts'

describe('showClientName leaves ordinary names unchanged', () => {
  test.each([
    '',
    'ChatGPT',
    'ChatGPT (work)',
    'MCP client 2',
    'Équipe Café',
    'Über-Straße',
    'Клиент для чата',
    'Πελάτης',
    'クライアントMCP',
    '채팅 client',
    '聊天MCP',
    'Клиент MCP',
    'R&D 🚀',
  ])('%s', (name) => {
    expect(showClientName(name)).toBe(name)
  })
})

describe('showClientName escapes the letters of lookalike names', () => {
  test.each([
    ['Сhаtgpt', '\\u0421h\\u0430tgpt'],
    ['ChatGРТ', 'ChatG\\u0420\\u0422'],
    ['ChаtGPT', 'Ch\\u0430tGPT'],
    ['Chat GPΤ', 'Chat GP\\u03a4'],
    ['СһатԌРТ', '\\u0421\\u04bb\\u0430\\u0442\\u050c\\u0420\\u0422'],
    ['Сһат GPT', '\\u0421\\u04bb\\u0430\\u0442 GPT'],
    ['ＣｈａｔＧＰＴ', '\\uff23\\uff48\\uff41\\uff54\\uff27\\uff30\\uff34'],
    ['𝐂hatGPT', '\\u{1d402}hatGPT'],
    ['Chat\u200bGPT', 'Chat\\u200bGPT'],
    ['TPGtahC\u202e', 'TPGtahC\\u202e'],
    ['Chat\u001b[2JGPT', 'Chat\\u001b[2JGPT'],
    ['ChatGPT\u{e0041}', 'ChatGPT\\u{e0041}'],
  ])('%j is shown as %j', (name, shown) => {
    expect(showClientName(name)).toBe(shown)
  })
})
