<?php
// What the request was, and what a test asks for.
$path = $_SERVER['PATH_INFO'] ?? '';
if ($path === '/status') {
    http_response_code(404);
    header('X-App: php');
    setcookie('a', 'b');
    echo "missing\n";
} elseif ($path === '/redirect') {
    header('Location: /elsewhere');
} elseif ($path === '/big') {
    for ($i = 0; $i < 1024; $i++)
        echo str_repeat(chr(97 + $i % 26), 4096);
} elseif ($path === '/stderr') {
    file_put_contents('php://stderr', "a word on stderr\n");
    error_log('a word in the log');
    echo "said\n";
} elseif ($path === '/dies') {
    echo str_repeat('x', 100000);
    flush();
    exec('kill -9 ' . getmypid());
} else {
    $body = file_get_contents('php://input');
    printf("%s %s [%s] [%s] %d %s cookie=%s proxy=%s\n", $_SERVER['REQUEST_METHOD'], $_SERVER['REQUEST_URI'],
           $_SERVER['SCRIPT_NAME'], $path, strlen($body), md5($body), $_SERVER['HTTP_COOKIE'] ?? '-',
           $_SERVER['HTTP_PROXY'] ?? '-');
}
