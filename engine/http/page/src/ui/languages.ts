/** Languages: their names in editors, what a file's ending says, and how their words are told apart by colour. */

import { HighlightStyle, StreamLanguage, type StreamParser, syntaxHighlighting } from '@codemirror/language';
import { c, cpp, java } from '@codemirror/legacy-modes/mode/clike';
import { css } from '@codemirror/legacy-modes/mode/css';
import { go } from '@codemirror/legacy-modes/mode/go';
import { javascript, json, typescript } from '@codemirror/legacy-modes/mode/javascript';
import { python } from '@codemirror/legacy-modes/mode/python';
import { rust } from '@codemirror/legacy-modes/mode/rust';
import { shell } from '@codemirror/legacy-modes/mode/shell';
import { stex } from '@codemirror/legacy-modes/mode/stex';
import { html } from '@codemirror/legacy-modes/mode/xml';
import { yaml } from '@codemirror/legacy-modes/mode/yaml';
import type { Extension } from '@codemirror/state';
import { EditorView, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

interface Language {
  id: string;
  label: string;
  endings: string[];
  // Parsers with states of their own share one list.
  parser?: StreamParser<any>;
}

export const LANGUAGES: Language[] = [
  { id: 'plaintext', label: 'Plain text', endings: ['txt'] },
  { id: 'markdown', label: 'Markdown', endings: ['md', 'markdown'] },
  { id: 'python', label: 'Python', endings: ['py', 'pyi'], parser: python },
  { id: 'javascript', label: 'JavaScript', endings: ['js', 'mjs', 'cjs', 'jsx'], parser: javascript },
  { id: 'typescript', label: 'TypeScript', endings: ['ts', 'mts', 'tsx'], parser: typescript },
  { id: 'go', label: 'Go', endings: ['go'], parser: go },
  { id: 'rust', label: 'Rust', endings: ['rs'], parser: rust },
  { id: 'c', label: 'C', endings: ['c', 'h'], parser: c },
  { id: 'cpp', label: 'C++', endings: ['cc', 'cpp', 'hpp', 'cxx'], parser: cpp },
  { id: 'java', label: 'Java', endings: ['java'], parser: java },
  { id: 'json', label: 'JSON', endings: ['json'], parser: json },
  { id: 'yaml', label: 'YAML', endings: ['yaml', 'yml'], parser: yaml },
  { id: 'shellscript', label: 'Shell', endings: ['sh', 'bash'], parser: shell },
  { id: 'html', label: 'HTML', endings: ['html', 'htm'], parser: html },
  { id: 'css', label: 'CSS', endings: ['css'], parser: css },
  { id: 'latex', label: 'LaTeX', endings: ['tex'], parser: stex },
];

/** The language of a file by its name; plain text where it says nothing. */
export function languageOf(name: string): string {
  const ending = name.split('.').pop()?.toLowerCase() ?? '';
  return LANGUAGES.find((language) => language.endings.includes(ending))?.id ?? 'plaintext';
}

// Quiet: colour belongs to confidence, so words of a language differ in weight and shade.
const quiet = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword], class: 'code-keyword' },
  { tag: [tags.string, tags.special(tags.string), tags.number, tags.bool, tags.atom], class: 'code-value' },
  { tag: [tags.comment, tags.meta], class: 'code-comment' },

]);

/** What a language changes in the editor. */
export function languageSupport(id: string): Extension {
  const parser = LANGUAGES.find((language) => language.id === id)?.parser;
  return parser === undefined ? [] : [StreamLanguage.define(parser), syntaxHighlighting(quiet), lineNumbers(), EditorView.editorAttributes.of({ class: 'code' })];
}

export const isCode = (id: string): boolean => LANGUAGES.some((language) => language.id === id && language.parser !== undefined);
