// The reference compiler: reads a JSON list of MJML texts from stdin, writes the list of their HTML to stdout.
import mjml2html from 'mjml'

let input = ''
process.stdin.on('data', (chunk) => { input += chunk })
process.stdin.on('end', () => {
  const out = JSON.parse(input).map((source) => mjml2html(source, { validationLevel: 'skip' }).html)
  process.stdout.write(JSON.stringify(out))
})
