<?php
$title = "Home";
require __DIR__ . "/header.php";
require __DIR__ . "/footer.php";
