/// A plan that a team has started.
public enum Run {}
