"""Problems for learners of one lifetime, some of which change while one learns."""
