variable "name" {
  description = "Name of the deployment; all resources have it in their names."
  type        = string
  default     = "nofx"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,18}[a-z0-9]$", var.name))
    error_message = "The name has 2 to 20 lower-case letters, digits and hyphens."
  }
}

variable "bundle" {
  description = "Folder of the bundle that ./deploy.sh bundle made; it contains manifest.json and zip/."
  type        = string
}

variable "single" {
  description = "Whether one function with the program nofx serves all routes."
  type        = bool
  default     = false
}

variable "functions" {
  description = "Only these endpoints; null for all."
  type        = set(string)
  default     = null
}

variable "environment" {
  description = "Variables of functions by group or name: all, endpoints, operator, owner, or the name of a function. A value can be the ARN of a secret or parameter, which the function reads when it starts."
  type        = map(map(string))
  default     = {}
}

variable "kms_key_arns" {
  description = "Keys of your own that encrypt the secrets."
  type        = list(string)
  default     = []
}

variable "memory" {
  description = "Memory of each function in MB."
  type        = number
  default     = 512
}

variable "retention_days" {
  description = "How long logs are kept."
  type        = number
  default     = 30
}

variable "vpc" {
  description = "Subnets and security groups of the functions, for a database that the internet does not reach."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null
}

variable "front" {
  description = "How callers reach the functions: api, urls or none."
  type        = string
  default     = "api"

  validation {
    condition     = contains(["api", "urls", "none"], var.front)
    error_message = "The front is api, urls or none."
  }
}

variable "jwt" {
  description = "The HTTP API checks tokens of this issuer before it calls a function. It then refuses API keys."
  type = object({
    issuer    = string
    audiences = list(string)
  })
  default = null
}

variable "cors_origins" {
  description = "Origins of web pages that may call the HTTP API."
  type        = list(string)
  default     = []
}

variable "schedules" {
  description = "When functions start; remove one to switch it off."
  type        = map(string)
  default = {
    runWorker     = "rate(1 minute)"
    deliverOutbox = "rate(1 minute)"
    purge         = "rate(1 hour)"
  }
}

variable "queue" {
  description = "Whether an SQS queue starts runWorker."
  type        = bool
  default     = false
}

variable "stable_versions" {
  description = "Versions to which the alias of a function points in place of the newest, by the function's name. This is a rollback, or with canary_percent the version that most calls go to."
  type        = map(string)
  default     = {}
}

variable "canary_percent" {
  description = "Percentage of the calls of the functions in stable_versions that go to the newest version."
  type        = number
  default     = 0

  validation {
    condition     = var.canary_percent >= 0 && var.canary_percent < 100
    error_message = "The percentage is 0 to 99."
  }
}
