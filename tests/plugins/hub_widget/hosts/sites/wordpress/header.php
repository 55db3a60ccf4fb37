<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title><?php echo htmlspecialchars($title); ?></title>
</head>
<body class="home blog">
<nav><a href="/">Home</a> <a href="/about/">About</a></nav>
<main><h1><?php echo htmlspecialchars($title); ?></h1></main>
