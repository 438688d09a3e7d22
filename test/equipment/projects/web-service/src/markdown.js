import { marked } from 'marked';

export function markdownPage(title, text) {
  return `<!doctype html><title>${title}</title><link rel="stylesheet" href="/style.css">${marked.parse(text)}`;
}
