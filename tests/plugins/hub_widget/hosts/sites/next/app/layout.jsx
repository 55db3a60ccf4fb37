import Link from "next/link";
import Script from "next/script";

export default function RootLayout({ children }) {
  return (
    <html lang="en">
      <body>
        <nav>
          <Link href="/">Home</Link> <Link href="/about">About</Link>
        </nav>
        {children}
        <Script
          src="https://hub.example.com/widget.js"
          data-key="cwk_live_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
          data-title="Chat with support"
          strategy="lazyOnload"
        />
      </body>
    </html>
  );
}
