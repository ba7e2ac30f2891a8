// Text from the network is inserted as text only, never as HTML.

export const element = (id) => document.getElementById(id)

export function create(name, text, className) {
  const created = document.createElement(name)
  if (text !== undefined) created.textContent = text
  if (className !== undefined) created.className = className
  return created
}

export function createLink(href, text) {
  const link = create('a', text)
  link.href = href
  return link
}
