/** Text as it stands between tags and in attributes. */
export const escapeHtml = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')

/** A mail's HTML: paragraphs, readable on a phone, in light and dark, and without images; of a notice, one button. */
export function htmlOf(
  paragraphs: readonly string[],
  button?: { readonly label: string; readonly href: string },
): string {
  const text = paragraphs
    .map((paragraph) => `<p style="margin:0 0 16px">${escapeHtml(paragraph).replaceAll('\n', '<br>')}</p>`)
    .join('\n')
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"></head>
<body style="margin:0;padding:24px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif">
<div style="max-width:520px;margin:0 auto">
${text}
${button ? buttonOf(button) : ''}</div>
</body>
</html>
`
}

const buttonOf = ({ label, href }: { readonly label: string; readonly href: string }): string =>
  `<p style="margin:24px 0"><a href="${escapeHtml(href)}" style="display:inline-block;padding:12px 20px;border-radius:24px;background:#1a6fd4;color:#ffffff;text-decoration:none">${escapeHtml(label)}</a></p>
<p style="margin:0;font-size:14px;color:#7a828a">Sent by Perch to all administrators.</p>
`
