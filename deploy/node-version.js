// Plain JavaScript, so that a Node.js that cannot run the rest can run this.
const LEAST = 24
const [major] = process.versions.node.split('.')

if (Number(major) < LEAST) {
  process.stderr.write(
    `This command needs Node.js ${LEAST} or later; this is ${process.version}.\n` +
      'npm ci installs one: run npm ci without --ignore-scripts. Start it with `npm run COMMAND`.\n',
  )
  process.exit(1)
}
