extension Run {
    /// Whose run it is; only its identifier has a use here.
    public enum Team {}
}
