output "url" {
  description = "Address of the HTTP API."
  value       = one(aws_apigatewayv2_api.api[*].api_endpoint)
}

output "function_urls" {
  description = "Addresses of the functions that have a Function URL."
  value       = { for name, one in aws_lambda_function_url.url : name => one.function_url }
}

output "versions" {
  description = "The newest version of each function, for stable_versions before the next deployment."
  value       = { for name, one in aws_lambda_function.function : name => one.version }
}

output "work_queue" {
  description = "Address of the queue that starts runWorker."
  value       = one(aws_sqs_queue.work[*].url)
}
