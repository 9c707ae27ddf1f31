// Writes docs/options.md from the tables of options (lib/options/). test/options.test.ts fails where it is out of date.
import { writeFileSync } from 'node:fs'
import { optionsPage } from '../../dist/options/page.js'

writeFileSync(new URL('../../docs/options.md', import.meta.url), optionsPage())
