# One role and one log group for the functions that serve requests, for those of the operator, and for migrate.
data "aws_caller_identity" "current" {}
data "aws_region" "current" {}
data "aws_partition" "current" {}

locals {
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.name
  account   = data.aws_caller_identity.current.account_id

  # The secrets that the functions of each group name. A member of a JSON secret follows the ARN of the secret.
  references = {
    for group in local.groups : group => distinct(flatten([
      for name, one in local.functions : [
        for value in values(local.variables[name]) : join(":", slice(split(":", value), 0, min(7, length(split(":", value)))))
        if can(regex("^arn:aws[a-z-]*:(secretsmanager:[^:]*:[0-9]+:secret:|ssm:[^:]*:[0-9]+:parameter/)", value))
      ] if one.group == group
    ]))
  }
}

resource "aws_cloudwatch_log_group" "group" {
  for_each = local.groups

  name              = "/aws/lambda/${var.name}-${each.key}"
  retention_in_days = var.retention_days
  tags              = { nofx-stack = var.name }
}

resource "aws_iam_role" "group" {
  for_each = local.groups

  name        = "${var.name}-${local.region}-${each.key}"
  description = "NOFX Control Plane: ${each.key} of ${var.name}"
  tags        = { nofx-stack = var.name }
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

data "aws_iam_policy_document" "group" {
  for_each = local.groups

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.group[each.key].arn}:*"]
  }

  dynamic "statement" {
    for_each = {
      for action, service in { "secretsmanager:GetSecretValue" = "secretsmanager", "ssm:GetParameter" = "ssm" } :
      action => [for arn in local.references[each.key] : arn if split(":", arn)[2] == service]
      if length([for arn in local.references[each.key] : arn if split(":", arn)[2] == service]) > 0
    }
    content {
      actions   = [statement.key]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = length(var.kms_key_arns) > 0 ? [var.kms_key_arns] : []
    content {
      actions   = ["kms:Decrypt"]
      resources = statement.value
    }
  }

  dynamic "statement" {
    for_each = each.key == "operator" ? [aws_sqs_queue.dead_letters[0].arn] : []
    content {
      actions   = ["sqs:SendMessage"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = each.key == "operator" && local.has_queue ? [aws_sqs_queue.work[0].arn] : []
    content {
      actions   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.vpc == null ? [] : [1]
    content {
      actions = [
        "ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets",
        "ec2:DeleteNetworkInterface", "ec2:AssignPrivateIpAddresses", "ec2:UnassignPrivateIpAddresses",
      ]
      resources = ["*"]
    }
  }
}

resource "aws_iam_role_policy" "group" {
  for_each = local.groups

  name   = "nofx"
  role   = aws_iam_role.group[each.key].id
  policy = data.aws_iam_policy_document.group[each.key].json
}
