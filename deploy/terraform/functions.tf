# endpoints.json is the list of endpoints of this version; ./deploy.sh terraform writes it.
locals {
  endpoints = { for one in jsondecode(file("${path.module}/endpoints.json")) : one.name => one }
  manifest  = jsondecode(file("${var.bundle}/manifest.json"))

  deployed = {
    for name, one in local.endpoints : name => one
    if(var.functions == null || contains(coalesce(var.functions, []), name)) && !(var.single && one.group == "endpoints")
  }
  functions = merge(
    { for name, one in local.deployed : name => { group = one.group, timeout = one.timeout } },
    var.single ? { nofx = { group = "endpoints", timeout = 30 } } : {},
  )
  groups = toset([for one in local.functions : one.group])

  variables = {
    for name, one in local.functions : name => merge(
      lookup(var.environment, "all", {}),
      lookup(var.environment, one.group, {}),
      lookup(var.environment, name, {}),
    )
  }
}

resource "aws_lambda_function" "function" {
  for_each = local.functions

  function_name    = "${var.name}-${each.key}"
  description      = "NOFX Control Plane: ${each.key}"
  runtime          = "provided.al2023"
  handler          = each.key
  architectures    = [lookup(local.manifest, "architecture", "x86_64")]
  filename         = "${var.bundle}/zip/${each.key}.zip"
  source_code_hash = filebase64sha256("${var.bundle}/zip/${each.key}.zip")
  role             = aws_iam_role.group[each.value.group].arn
  memory_size      = var.memory
  # Longer than the limit of a call, so that the function itself ends a call that takes too long, with an answer.
  timeout = min(900, 5 + try(ceil(tonumber(local.variables[each.key].NOFX_TIMEOUT_MS) / 1000), each.value.timeout))
  publish = true
  tags    = { nofx-stack = var.name }

  environment {
    variables = local.variables[each.key]
  }

  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.group[each.value.group].name
  }

  dynamic "vpc_config" {
    for_each = var.vpc == null ? [] : [var.vpc]
    content {
      subnet_ids         = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  depends_on = [aws_iam_role_policy.group]
}

resource "aws_lambda_alias" "live" {
  for_each = local.functions

  name             = "live"
  function_name    = aws_lambda_function.function[each.key].function_name
  function_version = lookup(var.stable_versions, each.key, aws_lambda_function.function[each.key].version)

  dynamic "routing_config" {
    for_each = var.canary_percent > 0 && contains(keys(var.stable_versions), each.key) ? [1] : []
    content {
      additional_version_weights = {
        (aws_lambda_function.function[each.key].version) = var.canary_percent / 100
      }
    }
  }
}
