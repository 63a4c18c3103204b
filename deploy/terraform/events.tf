# What starts functions without a caller: schedules and the queue of the worker.
locals {
  has_operator = contains(local.groups, "operator")
  has_queue    = var.queue && contains(keys(local.functions), "runWorker")
  schedules    = { for name, expression in var.schedules : name => expression if contains(keys(local.functions), name) }
}

# Events of schedules that failed, and messages that failed five times.
resource "aws_sqs_queue" "dead_letters" {
  count = local.has_operator ? 1 : 0

  name                      = "${var.name}-dead-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
  tags                      = { nofx-stack = var.name }
}

resource "aws_iam_role" "scheduler" {
  count = length(local.schedules) > 0 ? 1 : 0

  name = "${var.name}-${local.region}-scheduler"
  tags = { nofx-stack = var.name }
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "scheduler" {
  count = length(local.schedules) > 0 ? 1 : 0

  name = "nofx"
  role = aws_iam_role.scheduler[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = [for name in sort(keys(local.schedules)) : aws_lambda_alias.live[name].arn]
    }]
  })
}

resource "aws_scheduler_schedule_group" "group" {
  count = length(local.schedules) > 0 ? 1 : 0

  name = var.name
  tags = { nofx-stack = var.name }
}

resource "aws_scheduler_schedule" "schedule" {
  for_each = local.schedules

  name                = each.key
  group_name          = aws_scheduler_schedule_group.group[0].name
  schedule_expression = each.value

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_alias.live[each.key].arn
    role_arn = aws_iam_role.scheduler[0].arn
    input    = "{}"

    retry_policy {
      maximum_retry_attempts = 0
    }
  }
}

resource "aws_lambda_function_event_invoke_config" "failures" {
  for_each = local.schedules

  function_name                = aws_lambda_function.function[each.key].function_name
  qualifier                    = aws_lambda_alias.live[each.key].name
  maximum_retry_attempts       = 1
  maximum_event_age_in_seconds = 300

  destination_config {
    on_failure {
      destination = aws_sqs_queue.dead_letters[0].arn
    }
  }
}

# A message stays invisible for six times as long as a call may take, so that a slow call and its retries do not overlap.
resource "aws_sqs_queue" "work" {
  count = local.has_queue ? 1 : 0

  name                       = "${var.name}-work"
  visibility_timeout_seconds = 6 * 900
  sqs_managed_sse_enabled    = true
  tags                       = { nofx-stack = var.name }
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letters[0].arn
    maxReceiveCount     = 5
  })
}

resource "aws_lambda_event_source_mapping" "work" {
  count = local.has_queue ? 1 : 0

  event_source_arn        = aws_sqs_queue.work[0].arn
  function_name           = aws_lambda_alias.live["runWorker"].arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
}
