/** RFC 6749 s3.3: one scope, without blanks, quotes or backslashes. */
export const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/
