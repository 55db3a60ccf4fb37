<?php
$title = "About";
require __DIR__ . "/../header.php";
require __DIR__ . "/../footer.php";
