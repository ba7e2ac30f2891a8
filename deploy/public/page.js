// Content from other sources is inserted as text, never as HTML.

export const element = (id) => document.getElementById(id)

export function create(name, text, className) {
  const made = document.createElement(name)
  if (text !== undefined) made.textContent = text
  if (className !== undefined) made.className = className
  return made
}

export function createLink(href, text) {
  const link = create('a', text)
  link.href = href
  return link
}
