import { defineCommand } from '../kit/command.ts'
import { CommandError } from '../kit/errors.ts'
import { STOP_HINT } from '../kit/greeting.ts'
import { untilSignal } from '../kit/until-signal.ts'
import { PREVIEW_OPTIONS, toOptions } from '../preview/options.ts'

export const previewCommand = defineCommand({
  name: 'preview',
  summary: 'Shows the UI of a tool in a browser like an MCP host; serves until Ctrl-C.',
  arguments: [{ name: 'TOOL', text: 'the tool to show; default the first tool with a UI' }],
  options: PREVIEW_OPTIONS,
  exitCodes: { 0: 'ended', 1: 'cannot start' },
  progress: 'Signing in',
  run: async (line, { env, write, doing, readInput }) => {
    const { token, person, opensBrowser, ...options } = toOptions(line, env)
    const ending = untilSignal()
    const { StepError } = await import('../connect/failure.ts')
    const { openBrowser } = await import('../connect/sign-in/open-browser.ts')
    const { checkTool } = await import('../preview/check-tool.ts')
    const { startPreview } = await import('../preview/server.ts')
    const { signInLocally } = await import('../preview/sign-in.ts')
    try {
      const given = token === '-' ? (await readInput?.())?.trim() : token
      const used = given ?? (await signInLocally(options.url, person))
      await checkTool(options.url, used, options.tool)
      await using preview = await startPreview({ ...options, token: used })
      const { url, sandbox } = preview
      doing(undefined)
      write(
        line.values.json
          ? `${JSON.stringify({ url, sandbox }, undefined, 2)}\n`
          : `Preview  ${url}\n${STOP_HINT}\n`,
      )
      if (opensBrowser) openBrowser(url)
      await ending
      return 0
    } catch (error) {
      if (!(error instanceof StepError)) throw error
      throw new CommandError(`${error.message}\n${error.explanation.fix}`)
    }
  },
})
